"""What a plan warns of: what will probably end inconclusive."""

import pytest

from harness.plan.plan import Plan, build_plan
from harness.scenario import load_text

TEXT = """\
name: x
environment: {registry: {tls: true}, cluster: {nodes: 4}}
images: {app: {size: 8MiB, layers: 4}}
load:
  rollouts: [{name: app, image: app, replicas: 8, at: 1s, repeat: 3, every: 10s}]
  pushes: [{size: 1MiB, rate: 1/s, for: 5s}]
faults: [{FAULT, at: 10s, for: 4s}]
expect: [{metric: pods_ready, at_least: 99%}]
"""


def plan_of(fault: str, text: str = TEXT) -> Plan:
    return build_plan(load_text("f", text.replace("FAULT", fault)))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("corrupted_blob: {share: 10%}", "affects none of the 20 requests expected with a"),
        ("pull_rate_limit: {limit: 9}", "affects none of the 8 requests expected: its limit"),
        ("storage_quota: {}", "no requests are expected while it is on"),
    ],
)
def test_a_fault_that_may_affect_nothing_is_warned_of(fault: str, said: str) -> None:
    """More than one seed in twenty; every occurrence counts."""
    [warning] = plan_of(fault).warnings
    assert warning.path == ("faults", 0, fault.partition(":")[0])
    assert warning.text.startswith(said)
    often = plan_of(f"{fault}, every: 5s, times: 3").warnings
    assert bool(often) == ("corrupted" not in fault)


def test_pulls_that_the_quota_cannot_let_through_are_warned_of() -> None:
    """Until the run gives up: twelve cold pulls, of two manifest requests each."""
    text = TEXT.replace("faults: [{FAULT, at: 10s, for: 4s}]\n", "")
    for quota, left in (("24, window: 1h", 0), ("20, window: 1h", 2), ("1, window: 15s", 1)):
        settings = [f"environment.registry.quotas={{pulls: {quota}}}"]
        found = build_plan(load_text("f", text, settings)).warnings
        assert [f"about {left} of 12" in it.text for it in found] == [True] * bool(left)


def test_an_image_that_nothing_pulls_is_warned_of() -> None:
    """And a fault that is only about it."""
    text = TEXT.replace("layers: 4}}", "layers: 4}, web: {size: 1MiB}}")
    found = plan_of("latency: {delay: 1s}", text).warnings
    assert [(it.path, it.text) for it in found] == [
        (("images", "web"), "is made, and nothing pulls it")
    ]
    found = plan_of("missing_blob: {}, where: {repository: web}", text).warnings
    assert (found[1].path, found[1].text) == (
        ("faults", 0, "missing_blob"),
        "nothing pulls or pushes web",
    )


def test_a_scenario_without_expectations_is_warned_of() -> None:
    """Its verdict can only be inconclusive."""
    plan = plan_of("dns_timeout: {}", TEXT.partition("expect:")[0])
    assert [it.path for it in plan.warnings] == [("expect",)]
