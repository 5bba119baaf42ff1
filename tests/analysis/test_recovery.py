"""Recovery counted from the heal, by a table made by hand."""

import math

import pandas as pd
import pytest

from harness.analysis.plan_facts import Scope
from harness.analysis.recovery import Recovery, recoveries, repository_of
from harness.analysis.windows import FaultWindow

NAN = float("nan")
WINDOW = FaultWindow(
    fault="dns_timeout-1",
    word="dns_timeout",
    occurrence=1,
    planned_s=10,
    start_s=10,
    end_s=20,
    healed=True,
    bites=1,
)


def pods(*rows: tuple[str, str, float, float, float]) -> pd.DataFrame:
    """(pod, node, created, ready, ended)."""
    frame = pd.DataFrame(rows, columns=["pod", "node", "created_s", "ready_s", "ended_s"])
    ready = frame["ready_s"].notna()
    return frame.assign(image="r.test/app:v1", outcome=ready.map({True: "ok", False: "unfinished"}))


def pulls(*rows: tuple[str, str, float, float, str]) -> pd.DataFrame:
    """(pod, node, started, ended, outcome)."""
    frame = pd.DataFrame(rows, columns=["pod", "node", "started_s", "ended_s", "outcome"])
    return frame.assign(image="r.test/app:v1")


def pushes(*rows: tuple[str, float, float, str]) -> pd.DataFrame:
    """(repository, started, ended, outcome)."""
    frame = pd.DataFrame(rows, columns=["repository", "started_s", "ended_s", "outcome"])
    return frame.assign(node="clients").astype({"started_s": float, "ended_s": float})


def recovery(pod_rows: pd.DataFrame, pull_rows: pd.DataFrame, scope: Scope) -> Recovery:
    scopes = {("dns_timeout-1", 1): scope}
    (found,) = recoveries(pod_rows, pull_rows, pushes(), [WINDOW], scopes)
    return found


def test_recovery_is_the_last_of_the_waiting_pods() -> None:
    """Ready before the heal or created after it is not waiting."""
    found = recovery(
        pods(
            ("early", "n1", 5, 9, 9),
            ("a", "n1", 12, 26, 26),
            ("b", "n2", 19, 31, 31),
            ("late", "n1", 21, 60, 60),
        ),
        pulls(
            ("a", "n1", 12, 13, "failed"),
            ("a", "n1", 25, 26, "ok"),
            ("b", "n2", 19, 19.5, "failed"),
            ("b", "n2", 30, 31, "ok"),
        ),
        Scope(),
    )
    assert found.pods_waiting == 2
    assert found.recovery_wait_s == 11
    assert found.first_success_wait_s == 6
    assert sorted(found.retry_waits_s) == [5, 10]


def test_a_pod_that_never_becomes_ready_is_no_recovery() -> None:
    """All that is known is how long it was watched."""
    found = recovery(pods(("a", "n1", 12, NAN, 80)), pulls(("a", "n1", 12, 13, "failed")), Scope())
    assert found.recovery_wait_s == math.inf
    assert found.first_success_wait_s == math.inf
    assert (found.pods_never_ready, found.watched_s) == (1, 60)


def test_only_what_the_fault_could_touch_counts() -> None:
    """Success on a node out of scope says nothing of the others."""
    found = recovery(
        pods(("a", "n1", 12, 40, 40), ("b", "n2", 12, 22, 22)),
        pulls(("b", "n2", 21, 22, "ok"), ("a", "n1", 39, 40, "ok")),
        Scope(nodes=("n1",)),
    )
    assert found.first_success_wait_s == 20
    assert found.recovery_wait_s == 20


def test_an_attempt_under_way_at_the_heal_lost_nothing() -> None:
    """It did not sit in back-off."""
    found = recovery(pods(("a", "n1", 12, 22, 22)), pulls(("a", "n1", 19, 22, "ok")), Scope())
    assert found.retry_waits_s == ()
    assert found.first_success_wait_s == 2


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        ("registry.harness.test/app:v1", "app"),
        ("registry.harness.test:5000/team/app:v1", "team/app"),
        ("registry.harness.test/app@sha256:" + "a" * 64, "app"),
        ("registry.harness.test/app", "app"),
        ("localhost/app@sha256:0", "app"),
        ("library/app", "library/app"),
        ("app:v1", "app"),
        ("app@sha256:" + "a" * 64, "app"),
        ("", ""),
    ],
)
def test_the_repository_of_an_image(image: str, repository: str) -> None:
    """Without host, tag and digest."""
    assert repository_of(image) == repository


def test_a_fault_of_one_repository_is_judged_by_it() -> None:
    """Globs, as in the scenario."""
    waiting = pods(("a", "n1", 12, 30, 30), ("b", "n1", 12, 50, 50))
    waiting["image"] = ["r.test/app:v1", "r.test/other:v1"]
    none = pulls().astype({"started_s": float, "ended_s": float})
    assert recovery(waiting, none, Scope(repository="ap*")).recovery_wait_s == 10


def test_a_fault_of_pushes_is_over_when_one_succeeds() -> None:
    """Pulls of another repository say nothing; where nothing is tried, nothing is known."""
    pulled = pulls(("a", "n1", 20, 21, "ok"))
    pushed = pushes(("builds", 19, 20.5, "failed"), ("builds", 24, 25, "ok"))
    for repository, tried, wait_s in (("build*", True, 5), ("other", False, math.inf)):
        scopes = {("dns_timeout-1", 1): Scope(repository=repository)}
        (found,) = recoveries(pods(), pulled, pushed, [WINDOW], scopes)
        assert (found.tried_again, found.first_success_wait_s) == (tried, wait_s)
        assert found.pods_waiting == 0


def test_a_push_is_no_recovery_of_what_only_pulls_met() -> None:
    """Pushes went on all the time."""
    pulled = pulls(("", "clients", 12, 13, "failed"), ("", "clients", 24, 25, "ok"))
    pushed = pushes(("builds", 15, 16, "ok"), ("builds", 20, 20.1, "ok"))
    (found,) = recoveries(pods(), pulled, pushed, [WINDOW], {})
    assert found.first_success_wait_s == 5
