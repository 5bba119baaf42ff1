"""A scenario is right as a whole, or every complaint comes at once with its place."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scenario.complaints import ScenarioError
from harness.scenario.loading import load, load_text, read_held_fault

WHOLE = """\
name: x
images:
  app: {size: 8MiB, layers: 2}
load:
  rollouts:
    - {name: app, image: app, replicas: 2}
"""


def complaints(text: str, *overrides: str) -> list[str]:
    """What is told of `text`; nothing when it is right."""
    try:
        load_text("f.yaml", text, overrides)
    except ScenarioError as error:
        return str(error).splitlines()
    return []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            "load: {rollouts: []}",
            "f.yaml:7:1 load: stands twice, first in line 4",
        ),
        ("sed: 1", "f.yaml:7:1 sed: is not a key here, did you mean seed?"),
        ("fault: []", "f.yaml:7:1 fault: is not a key here, did you mean faults?"),
        ("seed: -1", "f.yaml:7:1 seed: must be greater than or equal to 0, got -1"),
        ("seed: '1'", "f.yaml:7:1 seed: must be a whole number, got '1'"),
        ("seed: 1:30", "f.yaml:7:1 seed: must be a whole number, got '1:30'"),
        ("seed: 1.0", "f.yaml:7:1 seed: must be a whole number, got 1.0"),
        ("seed: yes", "f.yaml:7:1 seed: must be a whole number, got 'yes'"),
        ("seed: true", "f.yaml:7:1 seed: must be a whole number, got true"),
        ("seed:", "f.yaml:7:1 seed: must be a whole number, got nothing"),
        ("summary: [a]", "f.yaml:7:1 summary: must be text, got ['a']"),
        ("environment: 3", "f.yaml:7:1 environment: must be a mapping, got 3"),
        (
            "environment: {link: toxyproxy}",
            (
                "f.yaml:7:15 environment.link: must be auto, embedded, toxiproxy or none, "
                "did you mean toxiproxy?, got 'toxyproxy'"
            ),
        ),
        (
            "environment: {cluster: {nodes: 0}}",
            "f.yaml:7:25 environment.cluster.nodes: must be greater than or equal to 1, got 0",
        ),
        (
            "environment: {cluster: {serialize_image_pulls: no}}",
            (
                "f.yaml:7:25 environment.cluster.serialize_image_pulls: "
                "must be true or false, got 'no'"
            ),
        ),
        (
            "environment: {cluster: {max_parallel_image_pulls: 4}}",
            (
                "f.yaml:7:25 environment.cluster.max_parallel_image_pulls: "
                "needs serialize_image_pulls: false, got 4"
            ),
        ),
        (
            "environment: {registry: {tls: yes}}",
            "f.yaml:7:26 environment.registry.tls: must be true or false, got 'yes'",
        ),
        (
            "environment: {registry: {token_lifetime: 60}}",
            (
                "f.yaml:7:26 environment.registry.token_lifetime: "
                "must be a duration with its unit, as 30s, 1m30s or 250ms, got 60"
            ),
        ),
        (
            "environment: {registry: {profile: dockerhub}}",
            (
                "f.yaml:7:26 environment.registry.profile: must be generic, docker_hub, ecr, acr, "
                "artifact_registry, harbor, ghcr or quay, did you mean docker_hub?, "
                "got 'dockerhub'"
            ),
        ),
        (
            "environment: {registry: {quotas: full}}",
            (
                "f.yaml:7:26 environment.registry.quotas: must be profile, for the limits of the "
                "profile itself, or a mapping, got 'full'"
            ),
        ),
        (
            "environment: {registry: {profile: quay, quotas: profile}}",
            (
                "f.yaml:7:41 environment.registry.quotas: needs limits of its own: quay publishes "
                "none, so give them here"
            ),
        ),
        (
            "environment: {registry: {quotas: {window: 1h, tags: 3}}}",
            (
                "f.yaml:7:26 environment.registry.quotas: window needs pulls: how many there may "
                "be in it, got {'window': '1h', 'tags': 3}"
            ),
        ),
        (
            "environment: {registry: {quotas: {pull: 3, pulls: 3}}}",
            (
                "f.yaml:7:35 environment.registry.quotas.pull: is not a key here, "
                "did you mean pulls?"
            ),
        ),
        ("faults: {}", "f.yaml:7:1 faults: must be a list, got {}"),
        ("faults: 0", "f.yaml:7:1 faults: must be a list, got 0"),
        (
            "faults: [latency]",
            "f.yaml:7:10 faults[0]: must be a mapping of a fault, at and for, got 'latency'",
        ),
        (
            "faults: [{at: 1s, for: 1s}]",
            "f.yaml:7:10 faults[0]: must name exactly one fault, got none",
        ),
        (
            "faults: [{dns_refused: , dns_timeout: , at: 1s, for: 1s}]",
            "f.yaml:7:10 faults[0]: must name exactly one fault, got dns_refused, dns_timeout",
        ),
        (
            "faults: [{dns_nxdomian: , at: 1s, for: 1s}]",
            (
                "f.yaml:7:11 faults[0].dns_nxdomian: is neither a fault nor a key of one, "
                "did you mean dns_nxdomain?"
            ),
        ),
        ("faults: [{dns_refused: , at: 1s}]", "f.yaml:7:10 faults[0].for: is required"),
        (
            "faults: [{dns_refused: , at: 1s, for: 0s}]",
            "f.yaml:7:34 faults[0].for: must be above 0, got '0s'",
        ),
        (
            "faults: [{dns_refused: [], at: 1s, for: 1s}]",
            "f.yaml:7:11 faults[0].dns_refused: must be a mapping, got []",
        ),
        (
            "faults: [{latency: {delay: 1s, dleay: 2s}, at: 1s, for: 1s}]",
            "f.yaml:7:32 faults[0].latency.dleay: is not a key here, did you mean delay?",
        ),
        (
            "faults: [{dns_refused: {share: 0}, at: 1s, for: 1s}]",
            "f.yaml:7:25 faults[0].dns_refused.share: must be above 0, got 0",
        ),
        (
            "faults: [{storage_quota: {status: 428}, at: 1s, for: 1s}]",
            "f.yaml:7:27 faults[0].storage_quota.status: must be 403, 429, 500 or 507, got 428",
        ),
        ("expect: [3]", "f.yaml:7:10 expect[0]: must be a mapping, got 3"),
        ("seed: 1\nseed: 2", "f.yaml:8:1 seed: stands twice, first in line 7"),
        ("? [a]\n: b", "f.yaml:7:3 scenario: has a key that is no word"),
    ],
)
def test_one_mistake_is_one_line(more: str, said: str) -> None:
    """file:line:col key: rule, got value."""
    assert complaints(f"{WHOLE}{more}\n") == [said]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("name=App", "name: must be lower-case letters and digits, with . _ - between them"),
        ("images.app.size=8", "images.app.size: must be a size with its unit, as 64MiB"),
        ("images.app.size=1kB", "images.app.size: is too small: 2 layers need at least"),
        ("images.app.layers=126", "images.app.layers: must be 1 to 125, got 126"),
        ("images.app.layers=0", "images.app.layers: must be greater than or equal to 1, got 0"),
        ("images.app.media=OCI", "images.app.media: must be oci or docker, did you mean oci?"),
        ("images.app.platforms=[]", "images.app.platforms: must not be empty, got []"),
        (
            "images.app.platforms=[linux/amd64, linux/amd64]",
            "images.app.platforms: must be named, and each once",
        ),
        ("load.rollouts[0].replicas=0", "load.rollouts[0].replicas: must be greater than or equal"),
        ("load.rollouts[0].image=ap", "load.rollouts[0].image: must be one of images, did you mea"),
        ("load.rollouts[0].name=A", "load.rollouts[0].name: must be lower-case letters and digits"),
        ("load.rollouts[0].pull_policy=Never", "load.rollouts[0].pull_policy: must be IfNotPres"),
        ("load.rollouts[0].repeat=3", "load.rollouts[0].repeat: needs every: how long from one"),
        ("load.rollouts[0].every=3s", "load.rollouts[0].every: needs repeat: how many rounds"),
        ("load.pulls=[{image: app, rate: 2}]", "load.pulls[0].rate: must be a rate with its unit"),
        ("load.pulls=[{image: b, rate: 2/s}]", "load.pulls[0].image: must be one of images"),
        (
            "load.pulls=[{image: app, rate: 999999/s}]",
            "load.pulls[0].rate: must give at most 1,000,000 pulls in its 15 s",
        ),
        ("load.pushes=[{size: 1MB, rate: 1/s, repository: A}]", "load.pushes[0].repository: must"),
    ],
)
def test_an_override_is_checked_as_the_file_is(override: str, said: str) -> None:
    """And is itself the place of the complaint."""
    found = complaints(WHOLE, override)
    assert len(found) == 1
    assert found[0].startswith(f"--set {override} {said}")


@pytest.mark.parametrize(
    ("expectation", "said"),
    [
        ("{metric: recovery, at_most: 1s}", ".metric: is not known, did you mean recovery_time?"),
        ("{metric: pods_ready, quantile: 0.5, at_least: 1}", ".quantile: does not apply to pods_"),
        ("{metric: recovery_time, phase: after, at_most: 1s}", ".phase: does not apply to recove"),
        ("{metric: pods_ready, fault: x, at_least: 1}", ".fault: does not apply to pods_ready"),
        ("{metric: recovery_time, fault: x, at_most: 1s}", ".fault: must be one of faults, got"),
        ("{metric: pods_ready}", ": must have exactly one of at_most and at_least"),
        ("{metric: pods_ready, at_most: 1, at_least: 1}", ": must have exactly one of at_most"),
        ("{metric: pods_ready, at_least: 90s}", ".at_least: must be a share, as 0.5 or 50%"),
        ("{metric: recovery_time, at_most: 90}", ".at_most: must be a duration with its unit"),
        ("{metric: deployment_delay, quantile: 95, at_most: 1s}", ".quantile: must be less than"),
        ("{metric: deployment_delay, quantile: '0.5', at_most: 1s}", ".quantile: must be a num"),
        ("{metric: deployment_delay, phase: later, at_most: 1s}", ".phase: must be before, duri"),
        (
            "{metric: pods_ready, at_least: 1, where: {image: ap}}",
            ".where.image: must be one of images, did you mean app?, got 'ap'",
        ),
        (
            "{metric: pods_ready, at_least: 1, where: {rollout: web}}",
            ".where.rollout: must be the name of a rollout, known: app, got 'web'",
        ),
        ("{metric: pods_ready, at_least: 1, where: {imag: x}}", ".where.imag: is not a key here"),
        ("{metric: push_error_rate, at_most: 1, where: {image: app}}", ".where: does not apply"),
    ],
)
def test_an_expectation_that_cannot_be_judged_is_refused(expectation: str, said: str) -> None:
    """Before an hour was spent on it."""
    found = complaints(f"{WHOLE}expect:\n  - {expectation}\n")
    assert len(found) == 1
    assert found[0].split(" ", 1)[1].startswith(f"expect[0]{said}")


@pytest.mark.parametrize(
    ("metric", "where", "said"),
    [
        ("pods_ready", "{image: alone}", "image: has no pods in this load, got 'alone'"),
        ("pods_ready", "{image: idle}", "image: has no pods in this load, got 'idle'"),
        ("pull_error_rate", "{image: idle}", "image: has no pulls in this load, got 'idle'"),
        ("pull_error_rate", "{image: alone}", ""),
        ("pods_ready", "{image: app, rollout: app}", ""),
        ("pods_ready", "{image: alone, rollout: app}", "image: must be the image of rollout app, "),
    ],
)
def test_an_expectation_is_of_an_image_that_is_pulled(metric: str, where: str, said: str) -> None:
    """Otherwise the run could only be inconclusive."""
    text = WHOLE.replace("images:\n", "images:\n  alone: {size: 1MiB}\n  idle: {size: 1MiB}\n")
    limit = "at_least" if metric == "pods_ready" else "at_most"
    found = complaints(
        f"{text}  pulls: [{{image: alone, rate: 1/s, for: 5s}}]\n"
        f"expect:\n  - {{metric: {metric}, {limit}: 50%, where: {where}}}\n"
    )
    assert len(found) == bool(said)
    assert all(it.partition("expect[0].where.")[2].startswith(said) for it in found)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{metric: pull_errors, over: 9s, above: 5%}", "metric: is not known, did you mean pull_e"),
        ("{metric: pull_error_rate, over: 9, above: 5%}", "over: must be a duration with its u"),
        ("{metric: pull_error_rate, over: 9s, above: 5s}", "above: must be a share, as 0.5 or"),
        ("{metric: pull_error_rate, over: 9s, above: 100%}", "above: must be below 100%: nothing"),
        ("{metric: pods_ready, over: 9s, below: 0%}", "below: must be above 0%: nothing"),
        ("{metric: recovery_time, over: 9s, above: 9s}", "metric: must be known during the run, a"),
        ("{metric: first_success_time, over: 9s, above: 9s}", "metric: must be known during the"),
        ("{metric: pods_right_image, over: 9s, below: 9%}", "metric: must be known during the r"),
        ("{metric: deployment_delay, over: 9s, above: 5%}", "above: must be a duration with its"),
        ("{metric: pull_error_rate, over: 9s, above: 1%, quantile: 0.5}", "quantile: does not app"),
        ("{metric: service_time, over: 9s, below: 5s}", " must have above, and not below, for s"),
        ("{metric: pods_ready, over: 9s, above: 5%, below: 1%}", " must have exactly one of above"),
        ("{metric: pods_ready, below: 5%}", " must have over: for how long the metric must be"),
        ("{metric: pods_ready, over: 9s, below: 5%, every: 1s}", "every: does not apply to a met"),
        ("{over: 9s}", " must have exactly one of metric, url and command"),
        ("{url: 'http://a', command: [b], over: 9s}", " must have exactly one of metric, url and"),
        ("{url: 'http://127.0.0.1:1'}", " must have over: for how long the url must be so"),
        ("{url: 'file:///etc/passwd', over: 9s}", "url: must be a URL of http or https, got"),
        ("{url: 'http://[', over: 9s}", "url: must be a URL of http or https, got"),
        ("{url: 'http://u:p@127.0.0.1/', over: 9s}", "url: must hold no login: it would be"),
        ("{url: 'http://127.0.0.1/', over: 9s, above: 5%}", "above: does not apply to a url"),
        ("{command: []}", "command: must have a program, as"),
        ("{command: rm -rf x}", "command: "),
    ],
)
def test_an_abort_that_cannot_happen_is_refused(rule: str, said: str) -> None:
    """Nothing is above 100 %; what is known only after the run cannot stop it."""
    found = complaints(f"{WHOLE}abort_when:\n  - {rule}\n")
    assert len(found) == 1
    joint = ":" if said.startswith(" ") else "."
    assert found[0].split(" ", 1)[1].startswith(f"abort_when[0]{joint}{said}")


def test_a_signal_from_outside_cannot_abort_a_simulated_run() -> None:
    """Its seconds are not those of the URL or the command."""
    for signal in ("url: 'http://127.0.0.1/', over: 5s", "command: [x]"):
        text = f"{WHOLE}environment: {{cluster: {{provider: simulated}}}}\n"
        (found,) = complaints(f"{text}abort_when: [{{{signal}}}]\n")
        assert "needs a run in real time" in found


def test_what_is_not_known_of_real_nodes_cannot_abort_there() -> None:
    """The same rule is right on emulated ones."""
    rule = "abort_when: [{metric: service_time, over: 9s, above: 5s}]\n"
    assert complaints(WHOLE + rule) == []
    (found,) = complaints(f"{WHOLE}environment: {{cluster: {{provider: kind}}}}\n{rule}")
    assert "service_time of real nodes is known only after it" in found


def test_all_that_is_wrong_is_reported_at_once_in_the_files_order() -> None:
    """Also what only the whole can tell, though parts are wrong."""
    text = """\
name: x
sed: 1
environment:
  link: nnoe
  cluster: {nodes: 4}
images: {app: {size: 8MiB, layers: 2}}
load:
  rollouts:
    - {name: a, image: ap, replicas: 0, repeat: 2, every: 5}
    - {name: a, image: app, replicas: 1}
faults:
  - latency: {delay: 1}
    at: 1s
    for: 2s
    where: {nodes: 9}
  - latncy: {delay: 1s}
    at: 1
    for: 1s
  - dns_refused: {}
    at: 1s
    for: 9s
  - dns_timeout: {}
    at: 2s
    for: 2s
expect:
  - {metric: recovery_time, fault: latency, at_most: 1}
"""
    assert complaints(text) == [
        "f.yaml:2:1 sed: is not a key here, did you mean seed?",
        (
            "f.yaml:4:3 environment.link: must be auto, embedded, toxiproxy or none, "
            "did you mean none?, got 'nnoe'"
        ),
        "f.yaml:9:17 load.rollouts[0].image: must be one of images, did you mean app?, got 'ap'",
        "f.yaml:9:28 load.rollouts[0].replicas: must be greater than or equal to 1, got 0",
        (
            "f.yaml:9:52 load.rollouts[0].every: "
            "must be a duration with its unit, as 30s, 1m30s or 250ms, got 5"
        ),
        "f.yaml:10:8 load.rollouts[1].name: must be another than before, got 'a'",
        (
            "f.yaml:12:15 faults[0].latency.delay: "
            "must be a duration with its unit, as 30s, 1m30s or 250ms, got 1"
        ),
        "f.yaml:15:13 faults[0].where.nodes: must be among the nodes 0-3, got '9'",
        "f.yaml:16:5 faults[1].latncy: is neither a fault nor a key of one, did you mean latency?",
        "f.yaml:17:5 faults[1].at: must be a duration with its unit, as 30s, 1m30s or 250ms, got 1",
        (
            "f.yaml:22:5 faults[3].dns_timeout: "
            "contradicts dns_refused, which is on at the same time and place"
        ),
        (
            "f.yaml:26:45 expect[0].at_most: "
            "must be a duration with its unit, as 30s, 1m30s or 250ms, got 1"
        ),
    ]


@pytest.mark.parametrize("text", ["", "\n# only words\n", "[]", "just text", "3"])
def test_what_is_no_mapping_is_told_what_to_be(text: str) -> None:
    """An empty file too."""
    assert complaints(text)[0].startswith("f.yaml:1:1 scenario: must be a mapping with name, ")


def test_load_that_asks_for_nothing_is_refused() -> None:
    """Without load nothing is measured."""
    assert complaints("name: x\n") == [
        "f.yaml:1:1 load: must have a rollout, pulls or pushes: without load nothing is measured"
    ]


def test_a_copy_keeps_its_name(tmp_path: Path) -> None:
    """A file may have another name than its scenario."""
    file = tmp_path / "y.yaml"
    file.write_text(WHOLE, encoding="utf-8")
    assert load(file).body.name == "x"


def test_a_thousand_faults_are_read(tmp_path: Path) -> None:
    """Long scenarios are made by programs; each line is read and checked against all others."""
    faults = "".join(f"  - dns_refused: {{}}\n    at: {n}s\n    for: 1s\n" for n in range(1000))
    file = tmp_path / "x.yaml"
    file.write_text(f"{WHOLE}faults:\n{faults}", encoding="utf-8")
    assert len(load(file).faults) == 1000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("latency: {delay: 200ms}", ""),
        ("{latency: {delay: 200ms}, where: {nodes: 0-1}}", ""),
        ("latency: {delay: 200}", "--fault:1:11 latency.delay: must be a duration with its unit"),
        ("{dns_refused: , at: 3s}", "--fault:1:17 at: has no place here: the fault is on until"),
        ("{latency: {delay: 200ms}, where: {nodes: [0, 1, clients]}}", ""),
        (
            "{dns_refused: , where: {nodes: {a: 1}}}",
            "--fault:1:25 where.nodes: must be numbers and ranges, as 0-3,7, got {'a': 1}",
        ),
        ("{dns_refused: , where: {nodes: 4}}", "--fault:1:25 where.nodes: must be among the node"),
        ("dns_refsed:", "--fault:1:1 dns_refsed: is neither a fault nor a key of one, did you"),
        ("latency", "--fault:1:1 scenario: must be a mapping of a fault, at and for"),
        ("", "--fault:1:1 scenario: must be a mapping of a fault, at and for, got nothing"),
    ],
)
def test_a_fault_that_is_held_on_has_a_scope_but_no_time(text: str, said: str) -> None:
    """What `harness up --fault` takes."""
    try:
        fault = read_held_fault(text, nodes=4)
    except ScenarioError as error:
        assert said
        assert str(error).startswith(said)  # noqa: PT017
    else:
        assert not said
        assert fault.word == "latency"


YAML_TEXT = st.text(alphabet=st.sampled_from("ab1:- \n\t{}[],&*!<>|%#'\"?~.e\\@`\x00é\ufeff"))
KEYS = st.sampled_from(
    ["name", "seed", "images", "load", "faults", "expect", "environment", "app", "latency", "at"]
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text("a1s%/:", max_size=4), KEYS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.one_of(YAML_TEXT, st.text(), VALUES.map(str)))
def test_any_text_is_a_scenario_or_a_complaint(text: str) -> None:
    """Never another exception."""
    complaints(text)


@given(st.text(alphabet="faults[0].=name{}: 1é²", max_size=12))
def test_any_override_is_put_in_or_refused(override: str) -> None:
    """Never another exception."""
    complaints(WHOLE, override)
