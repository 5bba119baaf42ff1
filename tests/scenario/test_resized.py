"""The same scenario on another number of nodes: faults that hit apart hit apart."""

import pytest

from harness.scenario import Scenario, ScenarioError, load_text, on_nodes

TEXT = """\
name: big
environment: {cluster: {nodes: 12}}
images: {app: {size: 1MiB}}
load:
  rollouts: [{name: app, image: app, replicas: 25}]
  pulls: [{image: app, rate: 2/s}]
faults:
  - latency: {delay: 100ms}
    at: 1s
    for: 1s
    where: {nodes: "WHERE"}
"""


def scenario(where: str) -> Scenario:
    return load_text("big", TEXT.replace("WHERE", where))


@pytest.mark.parametrize(
    ("where", "nodes", "narrowed"),
    [
        ("0-3", 3, "0"),
        ("4-7", 3, "1"),
        ("8-11", 3, "2"),
        ("3-4", 3, "0,1"),
        ("11", 1, "0"),
        ("0-11,clients", 2, "0,1,clients"),
        ("clients", 2, "clients"),
        ("0-3", 24, "0,1,2,3,4,5,6,7"),
        ("11,clients", 18, "16,17,clients"),
    ],
)
def test_a_third_of_the_nodes_stays_a_third(where: str, nodes: int, narrowed: str) -> None:
    """On fewer and on more of them; background clients are no node."""
    [fault] = on_nodes(scenario(where), nodes).faults
    assert fault.occurrence.where.nodes == narrowed


def test_pods_and_the_rest_of_the_fleet_stay() -> None:
    """An expectation needs as many samples on few nodes as on many."""
    smaller = on_nodes(scenario("0"), 3).body
    assert smaller.environment.cluster.nodes == 3
    assert smaller.load == scenario("0").body.load


def test_more_nodes_than_a_provider_can_have_are_refused() -> None:
    """An emulated node costs little, a node of kind half a gigabyte."""
    before = scenario("0")
    assert on_nodes(before, 12) is before
    assert on_nodes(before, 400).body.environment.cluster.nodes == 400
    with pytest.raises(
        ScenarioError, match="--nodes: must be at most 2,000 for emulated nodes, got 2,001"
    ):
        on_nodes(before, 2001)
    real = load_text("big", TEXT.replace("WHERE", "0"), ["environment.cluster.provider=kind"])
    with pytest.raises(ScenarioError, match="--nodes: must be at most 50 for kind nodes, got 51"):
        on_nodes(real, 51)
    many = load_text("big", TEXT.replace("WHERE", "0"), ["environment.cluster.provider=simulated"])
    assert on_nodes(many, 100_000).body.environment.cluster.nodes == 100_000
