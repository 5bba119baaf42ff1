"""Faults have their seam, their scope and their time, and do not contradict each other."""

import pytest

from harness.scenario.complaints import ScenarioError
from harness.scenario.fault_checks import Faults, faults_agree
from harness.scenario.loading import load_text

HEAD = """\
name: x
images:
  app: {size: 8MiB, layers: 4}
  team/app: {size: 8MiB, layers: 2}
load:
  rollouts: [{name: app, image: app, replicas: 2}]
  pushes: [{repository: builds, size: 1MiB, rate: 1/s}]
environment: {link: LINK, registry: {tls: true}, cluster: {nodes: 4}}
faults:
"""


def complaints(*faults: str, link: str = "auto", tls: str = "true") -> list[str]:
    """What is told of these entries, without their place."""
    text = HEAD.replace("LINK", link).replace("tls: true", f"tls: {tls}") + "".join(
        f"  - {fault}\n" for fault in faults
    )
    try:
        load_text("f", text)
    except ScenarioError as error:
        return [line.split(" ", 1)[1] for line in str(error).splitlines()]
    return []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("{latency: {delay: 1s}, at: 1s, for: 1s, times: 2}", ".times: needs every: the time from"),
        ("{latency: {delay: 1s}, at: 1s, for: 1s, every: 2s}", ".every: needs times: the number"),
        (
            "{latency: {delay: 1s}, at: 1s, for: 2s, every: 2s, times: 2}",
            ".every: must be longer than for: a fault cannot overlap itself",
        ),
        (
            "{latency: {delay: 1s}, at: 1s, for: 1s, where: {repository: app}}",
            ".where.repository: cannot narrow latency; it takes nodes",
        ),
        (
            "{latency: {delay: 1s}, at: 1s, for: 1s, where: {layers: 0}}",
            ".where.layers: cannot narrow latency; it takes nodes",
        ),
        (
            "{corrupted_blob: {on: rest}, at: 1s, for: 1s, where: {nodes: 1}}",
            ".where.nodes: cannot narrow corrupted_blob; it takes layers, repository",
        ),
        (
            "{over_eager_cleanup: {keep: 2}, at: 1s, for: 1s}",
            ".over_eager_cleanup: needs 3 versions of an image, which a rollout of so many rounds",
        ),
        (
            "{corrupted_blob: , at: 1s, for: 1s, where: {kinds: [manifest]}}",
            (
                ".where.kinds: must be a kind of request that corrupted_blob affects (blob), "
                "got manifest"
            ),
        ),
        (
            "{corrupted_blob: , at: 1s, for: 1s, where: {kinds: [layer]}}",
            ".where.kinds[0]: must be ping, manifest, blob, token, tags, upload, referrers or oth",
        ),
        (
            "{expired_credentials: {mode: secret}, at: 1s, for: 1s, where: {layers: 0}}",
            ".where.layers: cannot narrow expired_credentials; it takes first, nodes, repository",
        ),
        (
            "{pull_rate_limit: , at: 1s, for: 1s, where: {layers: 0}}",
            ".where.layers: cannot narrow pull_rate_limit; it takes first, nodes, repository",
        ),
        (
            "{dns_delay: {delay: 1s}, at: 1s, for: 1s, where: {nodes: 2-4}}",
            ".where.nodes: must be among the nodes 0-3, got '2-4'",
        ),
        (
            "{dns_delay: {delay: 1s}, at: 1s, for: 1s, where: {nodes: node-1}}",
            ".where.nodes: must be numbers and ranges of nodes, as 0-3,7, got 'node-1'",
        ),
        (
            "{corrupted_blob: , at: 1s, for: 1s, where: {layers: '3-1'}}",
            ".where.layers: must be among the layers 0-124, got '3-1'",
        ),
        ("{latency: {delay: 1s}, at: 1s, for: 1s, where: {zone: a}}", ".where.zone: is not a key"),
        (
            "{corrupted_blob: , at: 1s, for: 1s, where: {repository: ap}}",
            ".where.repository: matches nothing that is pulled or pushed, did you mean app?",
        ),
        (
            "{corrupted_blob: {on: rest}, at: 1s, for: 1s, where: {repository: builds}}",
            ".where.repository: matches nothing that is pulled or pushed, known: app, team/app",
        ),
        (
            "{corrupted_blob: , at: 1s, for: 1s, where: {layers: 3-4}}",
            ".where.layers: must be among the layers 0-3 of the images, got 4",
        ),
        (
            "{corrupted_blob: , at: 1s, for: 1s, where: {repository: 'team/*', layers: 1-3}}",
            ".where.layers: must be among the layers 0-1 of the images, got 3",
        ),
    ],
)
def test_a_fault_that_cannot_be_is_refused(fault: str, said: str) -> None:
    """With the rule."""
    found = complaints(fault)
    assert len(found) == 1
    assert found[0].startswith(f"faults[0]{said}")


@pytest.mark.parametrize(
    "fault", ["latency: {delay: 1s}", "connection_refused: ", "data_limit: {limit: 1kB}"]
)
def test_a_fault_of_the_link_needs_one(fault: str) -> None:
    """`link: none` leaves the seam out."""
    word = fault.partition(":")[0]
    said = f"faults[0].{word}: needs a link, and environment.link is none"
    assert complaints(f"{{{fault}, at: 1s, for: 1s}}", link="none") == [said]
    assert complaints("{dns_refused: , at: 1s, for: 1s}", link="none") == []


def test_a_fault_that_a_real_toxiproxy_cannot_do_is_refused_with_it() -> None:
    """With any other link, `auto` too, it is fine."""
    dropped = "{firewall_drop: , at: 1s, for: 1s}"
    said = "faults[0].firewall_drop: needs the embedded link; the real Toxiproxy cannot do this"
    assert complaints(dropped, link="toxiproxy") == [said]
    assert complaints(dropped, link="auto") == complaints(dropped, link="embedded") == []


@pytest.mark.parametrize(
    "word", ["expired_certificate", "wrong_certificate_name", "unknown_authority", "tls_timeout"]
)
def test_a_fault_of_handshakes_needs_tls(word: str) -> None:
    """`tls: false`, which is the default, has none."""
    fault = f"{{{word}: , at: 1s, for: 1s}}"
    said = f"faults[0].{word}: needs environment.registry.tls: true (up: --tls)"
    assert complaints(fault, tls="false") == [said]
    assert complaints(fault) == []


@pytest.mark.parametrize(
    ("first", "second", "contradict"),
    [
        (
            "expired_certificate: , at: 1s, for: 5s",
            "unknown_authority: , at: 3s, for: 5s",
            True,
        ),
        (
            "tls_timeout: , at: 1s, for: 5s, where: {nodes: 0}",
            "expired_certificate: , at: 1s, for: 5s, where: {nodes: 1}",
            False,
        ),
        ("latency: {delay: 1s}, at: 1s, for: 5s", "latency: {delay: 2s}, at: 3s, for: 5s", True),
        ("latency: {delay: 1s}, at: 1s, for: 5s", "latency: {delay: 2s}, at: 6s, for: 5s", False),
        (
            "latency: {delay: 1s}, at: 1s, for: 5s",
            "bandwidth: {rate: 1MB/s}, at: 1s, for: 5s",
            False,
        ),
        ("connection_refused: , at: 1s, for: 5s", "latency: {delay: 2s}, at: 3s, for: 5s", True),
        ("connection_refused: , at: 1s, for: 5s", "dns_timeout: , at: 3s, for: 5s", False),
        ("dns_refused: , at: 1s, for: 5s", "dns_timeout: , at: 3s, for: 5s", True),
        ("registry_crash: , at: 1s, for: 5s", "server_errors: , at: 3s, for: 5s", True),
        ("registry_crash: , at: 1s, for: 5s", "registry_pause: , at: 3s, for: 5s", True),
        ("registry_pause: , at: 1s, for: 5s", "corrupted_blob: , at: 3s, for: 5s", True),
        ("registry_pause: , at: 1s, for: 5s", "dns_timeout: , at: 3s, for: 5s", False),
        ("partition: , at: 1s, for: 5s", "firewall_drop: , at: 3s, for: 5s", True),
        ("partition: , at: 1s, for: 5s", "latency: {delay: 2s}, at: 3s, for: 5s", False),
        (
            "dns_refused: , at: 1s, for: 5s, where: {nodes: 0-1}",
            "dns_timeout: , at: 3s, for: 5s, where: {nodes: 2-3}",
            False,
        ),
        (
            "dns_refused: , at: 1s, for: 5s, where: {nodes: 0-1}",
            "dns_timeout: , at: 3s, for: 5s, where: {nodes: '1,clients'}",
            True,
        ),
        (
            "latency: {delay: 1s}, at: 0s, for: 1s, every: 10s, times: 3",
            "latency: {delay: 1s}, at: 20.5s, for: 1s",
            True,
        ),
        (
            "latency: {delay: 1s}, at: 0s, for: 1s, every: 10s, times: 3",
            "latency: {delay: 1s}, at: 1s, for: 9s, every: 10s, times: 3",
            False,
        ),
        (
            "corrupted_blob: , at: 0s, for: 9s, where: {repository: app}",
            "corrupted_blob: , at: 0s, for: 9s, where: {repository: team/app}",
            False,
        ),
        (
            "corrupted_blob: , at: 0s, for: 9s, where: {repository: '*pp'}",
            "corrupted_blob: , at: 0s, for: 9s, where: {repository: 'a*'}",
            True,
        ),
        (
            "corrupted_blob: {on: rest}, at: 0s, for: 9s",
            "truncated_blob: {on: rest}, at: 3s, for: 9s, where: {layers: 1}",
            True,
        ),
        (
            "corrupted_blob: {on: rest}, at: 0s, for: 9s, where: {layers: 0}",
            "truncated_blob: {on: rest}, at: 3s, for: 9s, where: {layers: 1}",
            False,
        ),
        (
            "corrupted_blob: {on: rest}, at: 0s, for: 9s",
            "truncated_blob: {on: wire}, at: 3s, for: 9s",
            False,
        ),
        (
            "corrupted_blob: , at: 0s, for: 9s, where: {repository: 'team/*'}",
            "corrupted_blob: , at: 0s, for: 9s, where: {repository: team/app}",
            True,
        ),
        (
            "corrupted_blob: , at: 0s, for: 9s, where: {layers: 0}",
            "corrupted_blob: , at: 0s, for: 9s, where: {layers: 1-3}",
            False,
        ),
        ("wrong_mirror: , at: 1s, for: 5s", "dead_mirror: , at: 2s, for: 5s", True),
        (
            "wrong_mirror: , at: 1s, for: 5s, where: {nodes: 0}",
            "dead_mirror: , at: 2s, for: 5s, where: {nodes: 1}",
            False,
        ),
        ("wrong_credentials: , at: 1s, for: 5s", "missing_credentials: , at: 2s, for: 5s", True),
        ("wrong_mirror: , at: 1s, for: 5s", "wrong_credentials: , at: 2s, for: 5s", False),
        ("pull_qps: , at: 1s, for: 5s", "node_disk_full: , at: 2s, for: 5s", False),
    ],
)
def test_faults_contradict_at_one_time_and_place(first: str, second: str, contradict: bool) -> None:  # noqa: FBT001  a column of the table
    """One kind of thing cannot go wrong in two ways for one request."""
    word = second.partition(":")[0]
    said = f"faults[1].{word}: contradicts {first.partition(':')[0]}, "
    found = complaints(f"{{{first}}}", f"{{{second}}}")
    assert [line.startswith(said) for line in found] == [True] * contradict


@pytest.mark.parametrize(
    "fault",
    [
        "{corrupted_blob: , at: 1s, for: 1s, where: {repository: '*/app', layers: 0-1}}",
        "{storage_quota: , at: 1s, for: 1s, where: {repository: build*}}",
        "{expired_credentials: , at: 1s, for: 1s, where: {repository: builds}}",
    ],
)
def test_a_scope_that_the_load_reaches_is_right(fault: str) -> None:
    """By an image or by what is pushed; a glob needs one that matches."""
    assert complaints(fault) == []


def test_contradictions_are_reported_of_a_scenario_without_images() -> None:
    """They do not hang on what is wrong elsewhere, and no scope is judged by images to come."""
    text = (
        HEAD.partition("images:")[0]
        + "load: {}\nfaults:\n"
        + (
            "  - {dns_refused: , at: 1s, for: 5s}\n"
            "  - {dns_timeout: , at: 1s, for: 5s}\n"
            "  - {corrupted_blob: , at: 1s, for: 5s, where: {repository: app, layers: 7}}\n"
        )
    )
    with pytest.raises(ScenarioError) as told:
        load_text("f", text)
    said = [complaint.key for complaint in told.value.complaints]
    assert said == ["load", "faults[1].dns_timeout"]


def test_what_is_salvaged_contradicts_nobody() -> None:
    """A stand-in is no time."""
    scenario = load_text("f", HEAD.replace("LINK", "auto").replace("faults:\n", ""))
    assert list(faults_agree(scenario.body, Faults())) == []
    found = complaints("{dns_refused: , at: 1, for: 5s}", "{dns_timeout: , at: 1s, for: 5s}")
    assert [line.partition(":")[0] for line in found] == ["faults[0].at"]
