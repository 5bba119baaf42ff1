"""One hash for one experiment."""

import pytest

from harness.scenario import load_text, on_nodes
from harness.scenario.sources import content_keys, content_sha256

TEXT = """
name: brief
seed: 3
environment: {link: embedded, cluster: {nodes: 2}}
images:
  app: {size: 256KiB, layers: 2}
load:
  rollouts:
    - {name: app, image: app, replicas: 2}
faults:
  - latency: {delay: 20ms}
    at: 1s
    for: 1s
expect:
  - {metric: pods_ready, at_least: 100%}
"""


def content(text: str) -> str:
    return content_sha256(load_text("brief.yaml", text))


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("20ms", "0.02s", True),
        ("seed: 3", "seed: 4 # another", True),
        ("seed: 3", "seed: 3\ntags: [nightly, slow]", True),
        ("at_least: 100%", "at_least: 90%", True),
        ("nodes: 2", "provider: emulated, nodes: 2", True),
        ("20ms", "21ms", False),
        # where it runs has its own place in a run's description
        ("nodes: 2", "nodes: 2, provider: kind", True),
        ("nodes: 2", "nodes: 3", False),
        ("latency: {delay: 20ms}", "dns_delay: {delay: 20ms}", False),
        ("for: 1s", "for: 2s", False),
        ("256KiB", "257KiB", False),
    ],
)
def test_only_what_happens_counts(old: str, new: str, *, same: bool) -> None:
    """Not how it is written, called or judged, nor its seed; and a default is what it says."""
    assert old in TEXT
    assert (content(TEXT.replace(old, new)) == content(TEXT)) is same


def test_its_keys_are_those_of_the_file_with_what_was_set() -> None:
    """As a user would give them to `--set`, values as they are written."""
    scenario = load_text("brief.yaml", TEXT, ["load.rollouts[0].replicas=3"])
    assert content_keys(on_nodes(scenario, 1)) == {
        "environment.link": "embedded",
        "environment.cluster.nodes": "1",
        "images.app.size": "256KiB",
        "images.app.layers": "2",
        "load.rollouts[0].name": "app",
        "load.rollouts[0].image": "app",
        "load.rollouts[0].replicas": "3",
        "faults[0].latency.delay": "20ms",
        "faults[0].at": "1s",
        "faults[0].for": "1s",
    }


def test_where_this_machine_is_found_does_not_count() -> None:
    """But which cluster of the user's does."""
    given = "nodes: 2, provider: existing, context: prod, registry_host: 192.0.2.7"
    plain = TEXT.replace("dns_delay", "latency").replace("nodes: 2", given)
    elsewhere = plain.replace("192.0.2.7", "192.0.2.8, registry_port: 6000")
    assert content(plain) == content(elsewhere)
    assert content(plain) != content(plain.replace("prod", "staging"))


def test_a_provider_alone_changes_nothing() -> None:
    """Where nothing else of the environment was chosen, too."""
    plain = TEXT.replace("environment: {link: embedded, cluster: {nodes: 2}}\n", "")
    assert plain != TEXT
    chosen = "environment: {cluster: {provider: simulated}}\n"
    assert content(plain) == content(chosen + plain)
