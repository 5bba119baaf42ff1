"""What pulls and pushes request when nothing fails, held to the totals of the plan."""

import pytest

from harness.plan.expected_effects import removals_of
from harness.plan.plan import build_plan
from harness.plan.traffic import traffic_of
from harness.scenario import load_text

TEXT = """\
name: x
environment: {registry: {auth: AUTH}, cluster: {nodes: 2}}
images: {app: {size: 8MiB, layers: 4, platforms: [linux/amd64, linux/arm64]}}
load:
  rollouts: [{name: app, image: app, replicas: 4, at: 1s, pull_policy: Always}]
  pulls: [{image: app, rate: 1/s, at: 5s, for: 3s}]
"""


@pytest.mark.parametrize("auth", ["token", "none"])
def test_the_requests_of_all_calls_are_those_that_the_plan_expects(auth: str) -> None:
    """Cold pulls on two nodes and by clients, and checks of the tag by the further pods."""
    plan = build_plan(load_text("f", TEXT.replace("AUTH", auth)))
    traffic = traffic_of(plan.load, plan.images, plan.registry)
    calls = traffic.between(0.0, 100.0)
    requests = sum(n * len(traffic.asks(it.image, it.does)) for it, n in calls.items())
    assert requests == plan.expected.requests
    assert sum(n for it, n in calls.items() if it.does == "check") == 2
    assert sum(n for it, n in calls.items() if it.node == "clients") == 3


def test_calls_are_found_by_their_time() -> None:
    """A pod asks a moment after it is created; a background pull when it is due."""
    plan = build_plan(load_text("f", TEXT.replace("AUTH", "token")))
    traffic = traffic_of(plan.load, plan.images, plan.registry)
    assert not traffic.between(0.0, 1.1)
    assert traffic.between(1.1, 2.0).total() == 4
    assert traffic.between(6.0, 7.0).total() == 1


CLEARED = """\
name: x
environment: {cluster: {nodes: 2}}
images: {app: {size: 1MiB}, web: {size: 1MiB}}
load:
  rollouts:
    - {name: app, image: app, replicas: 4, repeat: 2, every: 10s, cache: warm}
    - {name: web, image: web, replicas: 2, repeat: 2, every: 10s, cache: warm}
faults:
  - image_garbage_collection: {}
    at: 5s
    for: 1s
    where: {repository: app, nodes: "0"}
"""


def test_a_node_pulls_an_image_again_that_was_removed_from_it() -> None:
    """Of the second round only the cleared repository on the cleared node is cold."""
    plan = build_plan(load_text("f", CLEARED))
    removals = removals_of(plan.faults, plan.load.nodes, plan.seed)
    traffic = traffic_of(plan.load, plan.images, plan.registry, removals)
    assert traffic.between(0.0, 5.0).total() == 4
    assert [(it.node, it.repository) for it in traffic.between(10.0, 20.0)] == [("node-0", "app")]
