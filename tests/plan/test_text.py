"""What `harness plan` shows before anything is started."""

from harness.plan.plan import build_plan
from harness.plan.text import plan_text
from harness.scenario import load_text

TEXT = """\
name: x
summary: One of each.
environment: {link: none, cluster: {nodes: 2}}
images: {app: {size: 8MiB, layers: 4}}
load:
  rollouts: [{name: app, image: app, replicas: 2, at: 1s, repeat: 2, every: 10s}]
  pulls: [{image: app, rate: 2/s, users: 3, at: 2s, for: 5s}]
  pushes: [{size: 1MiB, rate: 1/s, for: 2s}]
faults:
  - {dns_delay: {delay: 2s, share: 50%}, at: 4s, for: 2s, every: 5s, times: 2, where: {nodes: 1}}
expect:
  - {metric: pods_ready, at_least: 99%, phase: during}
  - {metric: deployment_delay, quantile: 0.95, at_most: 1m30s}
  - {metric: recovery_time, fault: dns_delay, at_most: 1m, where: {image: app, rollout: app}}
abort_when: [{metric: pull_error_rate, over: 9s, above: 50%}]
"""

SHOWN = """\
x: One of each.

  seed      0
  nodes     2 emulated
  registry  embedded, auth token
  link      none
  images    2 to build, 16 MiB on disk
  load      4 pods, 14 cold pulls, 2 pushes
  expected  154 requests, 112 MiB pulled, 2 MiB pushed
  lasts     11 s, at most 311 s

timeline
     0.0 s  pushes-1 begin: 2 by up to 1,000 clients, 1 MiB
     1.0 s  rollout app-1: 2 pods of registry.harness.test/app:v1
     1.0 s  pushes-1 end
     2.0 s  pulls-1 begin: 10 by 3 clients, registry.harness.test/app:v1
     4.0 s  dns_delay-1 injected (delay 2 s, share 50 %) for nodes node-1
     6.0 s  dns_delay-1 removed
     6.5 s  pulls-1 end
     9.0 s  dns_delay-1 (time 2) injected (delay 2 s, share 50 %) for nodes node-1
    11.0 s  rollout app-2: 2 pods of registry.harness.test/app:v2
    11.0 s  dns_delay-1 (time 2) removed

affected requests, as expected
  dns_delay-1  0 of 0 name lookups, none with a probability of 100.0%

expects
  pods_ready during ≥ 99 %
  deployment_delay p95 ≤ 90 s
  recovery_time of image app of rollout app of dns_delay ≤ 60 s

aborts
  pull_error_rate above 50% over 9 s"""


def test_a_plan_is_shown_whole() -> None:
    """What is stood up, what comes when, what it costs, what is judged."""
    assert plan_text(build_plan(load_text("f", TEXT))) == SHOWN


def test_a_plan_without_faults_or_expectations_has_no_empty_headings() -> None:
    """And begins with the name alone when there is no summary."""
    text = TEXT.partition("faults:")[0].replace("summary: One of each.\n", "")
    shown = plan_text(build_plan(load_text("f", text)))
    assert shown.splitlines()[0] == "x"
    assert "expects" not in shown
    assert "aborts" not in shown
    assert "notes" not in shown


def test_a_fault_is_warned_of_once() -> None:
    """However often it comes back."""
    text = TEXT.replace("link: none", "link: toxiproxy").replace("size: 8MiB", "size: 400MiB")
    text = text.replace("dns_delay: {delay: 2s,", "latency: {delay: 2s,")
    text = text.replace("fault: dns_delay", "fault: latency")
    shown = plan_text(build_plan(load_text("f", text)))
    note = "  latency-1: a real Toxiproxy also caps each connection at about 16 MiB/s"
    assert shown.endswith(f"\n\nnotes\n{note}")
    assert shown.count("notes") == 1


def test_profile_and_quotas_are_shown() -> None:
    """Whose ways the registry has, and where it will refuse by itself."""
    quotas = "{pulls: 9, window: 1m, requests_per_s: 2.5, storage: 3GiB, tags: 4}"
    chosen = ("profile=harbor", f"quotas={quotas}")
    settings = [f"environment.registry.{it}" for it in chosen]
    shown = plan_text(build_plan(load_text("f", TEXT, settings)))
    assert (
        "  registry  embedded as harbor, auth token, 9 pulls in 60 s, 2.5 requests/s, "
        "3,072 MiB of storage, 4 tags a repository\n"
    ) in shown


def test_a_reader_sees_what_would_run_and_no_secret_of_a_url() -> None:
    """The command whole, as a shell would need it; a URL without its query and fragment."""
    signals = """\
abort_when:
  - {command: [./healthy.sh, two words], over: 5s}
  - {url: "http://127.0.0.1:9/up?token=s3cr3t#here", over: 5s}
"""
    text = plan_text(build_plan(load_text("f", SIGNALLED + signals)))
    assert "command ./healthy.sh 'two words' fails for 5 s" in text
    assert "url http://127.0.0.1:9/up fails for 5 s" in text
    assert "s3cr3t" not in text


SIGNALLED = """\
name: x
images: {app: {size: 1MiB}}
load: {rollouts: [{name: app, image: app, replicas: 1}]}
expect: [{metric: pods_ready, at_least: 100%}]
"""
