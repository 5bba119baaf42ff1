"""What a plan warns of: what will probably end inconclusive."""

import re

import pytest

from harness.plan.machine_forecast import machine_warnings
from harness.plan.plan import Plan, build_plan
from harness.scenario import load_text
from tests.planned import TEXT, plan_of


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
    both = ["images.app.platforms=[linux/amd64, linux/arm64]"]  # an index, and one of its manifests
    first = ["load.pulls=[{image: app, rate: 4/s}]", "load.rollouts.0.at=3s"]
    for quota, more, left in (
        ("24, window: 1h", [], 0),
        ("20, window: 1h", [], 2),
        ("1, window: 15s", [], 1),
        ("24, window: 1h", both, 4),
        ("24, window: 1h", first, 12),
    ):
        settings = [f"environment.registry.quotas={{pulls: {quota}}}", *more]
        found = build_plan(load_text("f", text, settings)).warnings
        said = [it.text for it in found if it.path[-1] == "quotas"]
        assert [f"about {left} of 12" in it for it in said] == [True] * bool(left)


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


STREAM = """\
name: x
environment: {cluster: {nodes: 4}}
images: {app: {size: 1MiB, layers: 2}}
load: {pulls: [{image: app, rate: 50/s, USERS for: 20s}]}
FAULTS
expect: [{metric: pull_duration, quantile: 0.95, at_most: 2s}]
"""


def stream_plan(users: str, *faults: str, settings: tuple[str, ...] = ()) -> Plan:
    listed = "".join(f"\n  - {{{it}}}" for it in faults)
    text = STREAM.replace("USERS", users).replace("FAULTS", f"faults:{listed}" if faults else "")
    return build_plan(load_text("f", text, list(settings)))


@pytest.mark.parametrize(
    ("users", "fault", "said"),
    [
        # eight requests one after another, the two layers at a time: 0.8 s, so forty at once
        ("users: 2,", "latency: {delay: 100ms}, at: 0s, for: 20s", "41 are under way at once"),
        ("users: 60,", "latency: {delay: 100ms}, at: 0s, for: 20s", ""),
        ("", "latency: {delay: 100ms}, at: 0s, for: 20s", ""),
        ("", "latency: {delay: 9s}, at: 0s, for: 20s, where: {nodes: clients}", ""),
        # as many as came due while it was on, no more
        ("users: 2,", "latency: {delay: 100ms}, at: 0s, for: 300ms", "15 are under way at once"),
        ("users: 2,", "latency: {delay: 100ms}, at: 0s, for: 100ms", ""),
        # those of nodes are not those of clients
        ("users: 2,", "latency: {delay: 1s}, at: 0s, for: 20s, where: {nodes: 0}", ""),
        ("users: 2,", "region_latency: {round_trip: 100ms}, at: 0s, for: 20s", "41 are under way"),
        ("users: 8,", "token_service_slow: {delay: 100ms}, at: 0s, for: 20s", "11 are under way"),
        ("users: 8,", "dns_delay: {delay: 1s, share: 50%}, at: 0s, for: 20s", "26 are under way"),
        ("users: 9,", "bandwidth: {rate: 1MB/s}, at: 0s, for: 20s", "27 are under way at once"),
        ("users: 2,", "storage_quota: {}, at: 0s, for: 20s", ""),
    ],
)
def test_a_client_pool_that_cannot_carry_the_rate_is_warned_of(
    users: str, fault: str, said: str
) -> None:
    """By Little's law, from what each fault asks of its seam."""
    found = [it for it in stream_plan(users, fault).warnings if it.path[0] == "load"]
    assert [said in it.text for it in found] == [True] * bool(said)


def test_the_warning_says_how_many_would_do() -> None:
    """So many that nothing is said."""
    faults = (
        "latency: {delay: 100ms}, at: 0s, for: 20s",
        "slow_first_byte: {delay: 1s}, at: 5s, for: 9s",
    )
    [warning] = stream_plan("users: 2,", *faults).warnings
    assert warning.path == ("load", "pulls", 0, "users")
    assert "under latency-1, slow_first_byte-1" in warning.text
    enough = re.search(r"set it to (\d+) or more", warning.text)
    assert enough
    assert not stream_plan(f"users: {enough[1]},", *faults).warnings
    [warning] = stream_plan("", *faults, settings=("load.pulls.0.rate=400/s",)).warnings
    assert warning.path == ("load", "pulls", 0, "rate")
    assert warning.text.startswith("1,000 cannot carry 400 a second")


@pytest.mark.parametrize(
    ("settings", "workers", "said"),
    [
        ((), 1, []),
        (("load.pulls.0.rate=400/s",), 1, ["the load generator would be", "this machine with 2"]),
        (("load.pulls.0.rate=400/s",), 4, ["this machine with 2"]),
        (("images.app.size=48MiB",), 1, ["the load generator would be", "this machine with 2"]),
        (
            ("images.app.size=68MiB", "environment.link=embedded"),
            9,
            ["this machine with 2", "the harness's own link"],
        ),
    ],
)
def test_a_load_that_this_machine_cannot_carry_is_warned_of(
    settings: tuple[str, ...], workers: int, said: list[str]
) -> None:
    """By what a pull costs each process; more workers help only the load generator."""
    plan = stream_plan("", settings=settings)
    found = [it.text for it in machine_warnings(plan, cpus=2, workers=workers)]
    assert [it.startswith(text) for it, text in zip(found, said, strict=True)] == [True] * len(said)


def test_pods_on_real_nodes_cost_more() -> None:
    """A hundred at once are nothing for emulated nodes, and too many for kind on two cores."""
    settings = ["load.rollouts.0.replicas=100"]
    kind = [*settings, "environment.cluster.provider=kind"]
    for chosen, warned in ((settings, 0), (kind, 1)):
        plan = build_plan(load_text("f", TEXT.replace("FAULT", "dns_timeout: {}"), chosen))
        assert len(list(machine_warnings(plan, cpus=2, workers=1))) == warned
