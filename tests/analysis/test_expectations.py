"""Every way in which a limit can be kept, broken, or left open."""

import numpy as np
import pandas as pd
import pytest

from harness.analysis.expectations import METRICS, Evidence, judge, sentence
from harness.analysis.plan_facts import Comparison, Expectation
from harness.analysis.recovery import Recovery
from harness.analysis.windows import FaultWindow
from harness.recording.metrics import METRICS as NAMES

NAN = float("nan")
WINDOW = FaultWindow(
    fault="latency-1",
    word="latency",
    occurrence=1,
    planned_s=10,
    start_s=10,
    end_s=20,
    healed=True,
)


def pods(*delays: float, watched_s: float = 60) -> pd.DataFrame:
    """Pods created at 0, each with its delay, or NaN for one that was only watched."""
    delay = pd.Series(delays, dtype=float)
    ready = delay.notna()
    return pd.DataFrame(
        {
            "created_s": 0.0,
            "delay_s": delay,
            "ended_s": delay.fillna(watched_s),
            "outcome": np.where(ready, "ok", "unfinished"),
            "phase": "during",
        }
    )


def evidence(
    tmp: pd.DataFrame | None = None,
    *,
    pulls: pd.DataFrame | None = None,
    pushes: pd.DataFrame | None = None,
    requests: pd.DataFrame | None = None,
    recoveries: tuple[Recovery, ...] = (),
) -> Evidence:
    blank = pd.DataFrame(
        {name: pd.Series(dtype="str") for name in ("outcome", "phase", "kind", "cause")}
    )
    return Evidence(
        pods=pods() if tmp is None else tmp,
        pulls=blank if pulls is None else pulls,
        pushes=blank if pushes is None else pushes,
        requests=blank if requests is None else requests,
        recoveries=recoveries,
        end_s=100,
    )


def recovered(wait_s: float, *, never: int = 0, first_s: float = 1, waiting: int = 3) -> Recovery:
    return Recovery(
        window=WINDOW,
        tried_again=True,
        first_success_wait_s=first_s,
        pods_waiting=waiting,
        pods_never_ready=never,
        recovery_wait_s=wait_s,
        watched_s=80 if never else 0,
        retry_waits_s=(),
    )


def test_the_metrics_are_those_that_a_scenario_may_name() -> None:
    """No more and no fewer."""
    assert set(METRICS) == set(NAMES)


@pytest.mark.parametrize(
    ("delays", "quantile", "comparison", "limit", "verdict", "note"),
    [
        ([1.0] * 20, 0.95, "at_most", 1, "pass", ""),
        ([1.0] * 18 + [9.0] * 2, 0.95, "at_most", 8, "fail", ""),
        ([1.0] * 19 + [9.0], 0.95, "at_most", 8, "pass", ""),
        ([1.0] * 19, 0.95, "at_most", 8, "inconclusive", "19 samples, 20 are needed"),
        ([9.0] * 19, 0.95, "at_most", 8, "fail", "none of them"),
        ([1.0, 9.0], None, "at_most", 8, "fail", ""),  # no quantile: the worst of all
        ([1.0, NAN], None, "at_most", 50, "fail", "1 of 2 pods never became Ready"),
        ([1.0, NAN], None, "at_most", 90, "inconclusive", "not observed for long enough"),
        ([NAN] * 20, 0.5, "at_least", 30, "pass", "never became Ready"),
        ([1.0] * 20, 0.5, "at_least", 30, "fail", ""),
        ([], 0.5, "at_most", 30, "inconclusive", "no pods"),
    ],
)
def test_deployment_delay(
    *,
    delays: list[float],
    quantile: float | None,
    comparison: Comparison,
    limit: float,
    verdict: str,
    note: str,
) -> None:
    """What never became Ready was watched for 60 s."""
    expectation = Expectation(
        metric="deployment_delay", comparison=comparison, limit=limit, quantile=quantile
    )
    found = judge(expectation, evidence(pods(*delays)))
    assert (found.verdict, found.samples) == (verdict, len(delays))
    assert note in found.note


@pytest.mark.parametrize(
    ("outcomes", "limit", "verdict"),
    [
        ("o" * 20, 0.05, "pass"),
        ("o" * 19 + "f", 0.05, "pass"),
        ("o" * 18 + "ff", 0.05, "fail"),
        ("o" * 19, 0.05, "inconclusive"),  # one failure more would be more than 5 %
        ("f" * 3, 0.05, "fail"),
        ("ou", 0.0, "pass"),  # unfinished is not failed, but it counts
        ("o", 1.0, "pass"),
        ("", 0.0, "inconclusive"),
    ],
)
@pytest.mark.parametrize("metric", ["pull_error_rate", "request_error_rate", "push_error_rate"])
def test_error_rates(metric: str, outcomes: str, limit: float, verdict: str) -> None:
    """Failed of all; a rate cannot be finer than one sample."""
    words = {"o": "ok", "f": "failed", "u": "unfinished"}
    rows = pd.DataFrame(
        {
            "outcome": pd.Series([words[letter] for letter in outcomes], dtype="str"),
            "phase": "before",
            "kind": "upload",
        }
    )
    expectation = Expectation(metric=metric, comparison="at_most", limit=limit)
    assert judge(expectation, evidence(pulls=rows, pushes=rows, requests=rows)).verdict == verdict


@pytest.mark.parametrize(
    ("delays", "limit", "verdict", "margin"),
    [
        ([1.0, 2.0], 1.0, "pass", 0.0),
        ([1.0, NAN], 1.0, "fail", -0.5),
        ([1.0, NAN], 0.5, "pass", 0.0),
        ([1.0] * 5, 0.99, "pass", 0.01),  # all pods there are, so five are enough
    ],
)
def test_pods_ready(delays: list[float], limit: float, verdict: str, margin: float) -> None:
    """Of all pods, not of a choice."""
    expectation = Expectation(metric="pods_ready", comparison="at_least", limit=limit)
    found = judge(expectation, evidence(pods(*delays)))
    assert found.verdict == verdict
    assert found.margin == pytest.approx(margin)


@pytest.mark.parametrize(
    ("found", "fault", "verdict", "value"),
    [
        ((recovered(10), recovered(20)), "", "pass", 20),
        ((recovered(10), recovered(40)), "", "fail", 40),
        ((recovered(float("inf"), never=1),), "", "fail", None),
        ((recovered(0, waiting=0),), "", "pass", 0),
        ((recovered(40),), "latency-1", "fail", 40),
        ((recovered(40),), "latency", "fail", 40),
        ((recovered(40),), "bandwidth-1", "inconclusive", None),
        ((), "", "inconclusive", None),
    ],
)
def test_recovery_time(
    found: tuple[Recovery, ...], fault: str, verdict: str, value: float | None
) -> None:
    """At most 30 s after the worst heal."""
    expectation = Expectation(metric="recovery_time", comparison="at_most", limit=30, fault=fault)
    judged = judge(expectation, evidence(pods(1.0), recoveries=found))
    assert (judged.verdict, judged.value) == (verdict, value)


def test_the_first_success_that_never_came() -> None:
    """All that is known is how long the run went on."""
    expectation = Expectation(metric="first_success_time", comparison="at_most", limit=30)
    found = judge(expectation, evidence(recoveries=(recovered(1, first_s=float("inf")),)))
    assert (found.verdict, found.value, found.more_than) == ("fail", None, 80)
    assert found.margin == -50


def test_a_phase_narrows_the_samples() -> None:
    """What happened in the others does not count."""
    rows = pods(1.0, 100.0)
    rows["phase"] = ["before", "during"]
    expectation = Expectation(
        metric="deployment_delay", comparison="at_most", limit=2, phase="before"
    )
    assert judge(expectation, evidence(rows)).verdict == "pass"


def test_an_expectation_in_words() -> None:
    """As the report prints it."""
    expectation = Expectation(
        metric="deployment_delay", comparison="at_most", limit=90, quantile=0.999, phase="during"
    )
    assert sentence(expectation, "s") == "deployment_delay p99.9 during at most 90 s"
