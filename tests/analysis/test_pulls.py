"""Attempts to pull and their requests, counted."""

from pathlib import Path

import pytest

from tests.recordings import RunFolder, analysed, outage


def test_pulls_by_outcome_and_cause(tmp_path: Path) -> None:
    """Each failed attempt counts once, whatever became of its pod."""
    every, before, during, after = analysed(outage(), tmp_path).findings.pulls
    assert (every.pulls, every.ok, every.failed, every.causes) == (91, 60, 31, {"dns": 31})
    assert every.error_rate == pytest.approx(31 / 91)
    assert before.causes == {}
    assert during.failed == 31
    assert after.ok_p50.value_s == pytest.approx(0.7)
    assert every.bytes_sum == 60 * (32 << 20)
    assert every.bytes_per_ok_pull == 32 << 20


def test_unfinished_pulls_stay_in_the_denominator(tmp_path: Path) -> None:
    """They have not failed, but they have not succeeded either."""
    run = RunFolder()
    run.pull("a", 0, 1)
    run.pull("b", 0, 1, outcome="failed")
    run.pull("c", 0, 9, outcome="unfinished")
    run.pull("d", 0, 9, outcome="unfinished")
    every = analysed(run, tmp_path).findings.pulls[0]
    assert (every.ok, every.failed, every.unfinished) == (1, 1, 2)
    assert every.error_rate == 0.25
    assert every.causes == {"unknown": 1}


def test_requests_by_kind_status_and_cause(tmp_path: Path) -> None:
    """Look-ups that failed have no status."""
    findings = analysed(outage(), tmp_path).findings
    failed = [one for one in findings.requests if one.cause]
    assert [(one.phase, one.kind, one.status, one.requests) for one in failed] == [
        ("during", "dns", 0, 31)
    ]
    assert findings.request_rates[0].error_rate == pytest.approx(31 / 211)


def test_pushes_have_a_rate_of_their_own(tmp_path: Path) -> None:
    """A full registry refuses them while pulls go on."""
    run = RunFolder()
    run.pull("a", 0, 1)
    run.push("b", 0, 1, outcome="failed", cause="quota", error_text="denied", bytes=0)
    run.push("c", 0, 3)
    findings = analysed(run, tmp_path).findings
    every = findings.pushes[0]
    assert (every.pushes, every.ok, every.failed, every.error_rate) == (2, 1, 1, 0.5)
    assert (every.causes, every.ok_p50.value_s, every.bytes_sum) == ({"quota": 1}, 3, 1000)
    assert [(one.of, one.cause, one.count) for one in findings.errors] == [("push", "quota", 1)]
