"""What limits a plan before it runs: sums that a reviewer can check by hand."""

import pytest

from harness.plan.plan import Plan, build_plan
from harness.plan.text import plan_text
from harness.scenario import load_text

TEXT = """\
name: x
environment:
  registry: {REGISTRY}
  cluster: {provider: simulated, nodes: 400}
  network: {NETWORK}
images: {app: {size: 900MB, layers: 6}}
load:
  rollouts: [{name: app, image: app, replicas: 400}]
  give_up: 2h
expect: [{metric: pods_ready, at_least: 100%}]
"""


def plan_of(network: str = "", registry: str = "", give_up: str = "2h") -> Plan:
    text = TEXT.replace("NETWORK", network).replace("REGISTRY", registry).replace("2h", give_up)
    return build_plan(load_text("f", text))


@pytest.mark.parametrize(
    ("network", "registry", "limit", "least_s"),
    [
        ("egress: 1Gbit/s", "", "network.egress", 2880),  # 360 GB at 125 MB/s
        ("egress: 1Gbit/s, node: 1Mbit/s", "", "network.node", 7200),  # 900 MB at 125 kB/s
        ("requests_per_s: 2", "", "network.requests_per_s", 5200 / 2),
        ("service: 1s, at_once: 4", "", "network.at_once", 5200 / 4),
        ("", "quotas: {pulls: 100, window: 6h}", "registry.quotas.pulls", 3 * 6 * 3600),
        ("", "quotas: {requests_per_s: 52}", "registry.quotas.requests_per_s", 100),
    ],
)
def test_the_bound_that_binds_comes_first(
    network: str, registry: str, limit: str, least_s: float
) -> None:
    """400 nodes that pull 900 MB in 13 requests each, 5,200 in all."""
    first = plan_of(network, registry).least_times[0]
    assert first.limit == limit
    assert first.least_s == pytest.approx(least_s, rel=1e-3)


def test_a_reader_sees_the_sum() -> None:
    """48 minutes, from what, and which bound it is."""
    text = plan_text(plan_of("egress: 1Gbit/s, node: 100Mbit/s"))
    lines = text.split("pods need at least\n")[1].splitlines()[:2]
    assert [" ".join(it.split()) for it in lines] == [
        "48 min network.egress: 360 GB at 1 Gbit/s (binds)",
        "72.0 s network.node: 900 MB of one node at 100 Mbit/s",
    ]
    assert "least" not in plan_text(plan_of())


def test_a_run_that_gives_up_too_early_is_warned_of() -> None:
    """Only when no pod could be in time."""
    [warning] = plan_of("egress: 1Gbit/s", give_up="30m").warnings
    assert warning.path == ("load", "give_up")
    assert warning.text == (
        "the run gives up after 30 min, and pods need at least 48 min: network.egress, "
        "360 GB at 1 Gbit/s"
    )
    assert plan_of("egress: 1Gbit/s").warnings == ()
