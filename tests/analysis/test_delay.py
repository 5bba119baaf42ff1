"""Deployment delay of one run whose every pod is known."""

from pathlib import Path

import pytest

from tests.recordings import NAN, RunFolder, analysed, outage


def test_delay_by_phase_and_by_fault(tmp_path: Path) -> None:
    """Sixty pods, one every 1.5 s; those that meet the outage wait for kubelet's next try."""
    found = {
        one.name: (one.pods, one.ready, one.p50.value_s, one.max.value_s)
        for one in analysed(outage(), tmp_path).findings.delay
        if one.population == "all"
    }
    expected: object = {
        "all": (60, 60, pytest.approx(1.0), pytest.approx(42.0)),
        "before": (13, 13, pytest.approx(1.0), pytest.approx(1.0)),
        "during": (21, 21, pytest.approx(40.0), pytest.approx(42.0)),
        "after": (26, 26, pytest.approx(1.0), pytest.approx(1.0)),
        "dns_nxdomain-1": (21, 21, pytest.approx(40.0), pytest.approx(42.0)),
    }
    assert found == expected


def test_pods_that_never_became_ready_are_beside_the_flattering_number(tmp_path: Path) -> None:
    """Nine of ten took a second; of all ten, p95 is more than was watched."""
    run = RunFolder()
    for number in range(9):
        run.pod(f"pod-{number}", 0, 1.0, cached=number == 0)
    run.pod("stuck", 0, NAN, ended_s=30, outcome="failed", cause="dns")
    every, ready = analysed(run, tmp_path).findings.delay[:2]
    assert (every.pods, every.ready, every.failed, every.cached) == (10, 9, 1, 1)
    assert (every.p95.value_s, every.p95.more_than_s, every.p90.value_s) == (None, 30, 1.0)
    assert (ready.population, ready.pods, ready.p95.value_s) == ("ready", 9, 1.0)


def test_the_parts_add_up_to_the_delay(tmp_path: Path) -> None:
    """On average, as for each pod."""
    analysis = analysed(outage(), tmp_path)
    pods = analysis.tables["pods"]
    for one in analysis.findings.delay_parts:
        if one.group == "phase":
            mean = pods.loc[pods["phase"].eq(one.name), "delay_s"].mean()
            assert sum(one.mean_s.values()) == pytest.approx(mean)
            assert sum(one.share.values()) == pytest.approx(1)


def test_time_in_backoff(tmp_path: Path) -> None:
    """Summed over all pods, and by phase."""
    every, before, during, after = analysed(outage(), tmp_path).findings.backoff
    assert (every.pods_in_backoff, before.pods_in_backoff, after.pods_in_backoff) == (20, 0, 0)
    assert every.sum_s == pytest.approx(562.9)
    assert during.sum_s == pytest.approx(562.9)
    assert before.max_s == 0
