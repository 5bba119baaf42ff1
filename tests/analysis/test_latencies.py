"""Request latencies by kind, class of status and phase, and over time."""

from pathlib import Path

import numpy as np
import pytest

from harness.analysis.frames import records
from harness.analysis.quantiles import rank
from tests.recordings import NAN, RunFolder, analysed


def answered() -> RunFolder:
    """A fault of 10 s to 20 s; blobs before it take 1 ms to the first byte and 2 ms in all."""
    run = RunFolder()
    run.began()
    run.fault("latency-1", 10, 20)
    for number in range(40):
        run.request("a", number / 10, number / 10 + 0.002, first_byte_s=number / 10 + 0.001)
    for number in range(10):
        at_s = 11 + number / 10
        run.request("b", at_s, at_s + 0.5 + number / 10, first_byte_s=at_s + 0.4, status=206)
    run.request("c", 12, 12.3, first_byte_s=12.2, status=503, outcome="failed", cause="server")
    run.request("c", 12, 17, first_byte_s=NAN, status=0, outcome="failed", cause="timeout")
    run.request("c", 25, 30, first_byte_s=NAN, status=0, outcome="unfinished")
    run.request("c", 1, 1.25, kind="dns", status=0, first_byte_s=1.25)
    run.request("c", 12, 13, kind="dns", status=0, outcome="failed", cause="dns")
    run.ended(30)
    return run


def test_each_kind_and_class_of_status_has_its_latencies(tmp_path: Path) -> None:
    """What got no answer has a duration until its error; what the end cut off has none."""
    rows = {
        (it.kind, it.status_class, it.phase): (it.requests, it.first_byte_p95_s, it.duration_p95_s)
        for it in analysed(answered(), tmp_path).findings.latencies
    }
    assert rows == {
        ("blob", "2xx", ""): (50, 0.4, 1.2),
        ("blob", "2xx", "before"): (40, 0.001, 0.002),
        ("blob", "2xx", "during"): (10, 0.4, 1.4),
        ("blob", "5xx", ""): (1, 0.2, 0.3),
        ("blob", "5xx", "during"): (1, 0.2, 0.3),
        ("blob", "no answer", ""): (2, None, 5.0),
        ("blob", "no answer", "during"): (1, None, 5.0),
        ("blob", "no answer", "after"): (1, None, None),
        ("dns", "resolved", ""): (1, 0.25, 0.25),
        ("dns", "resolved", "before"): (1, 0.25, 0.25),
        ("dns", "not resolved", ""): (1, 0.0, 1.0),
        ("dns", "not resolved", "during"): (1, 0.0, 1.0),
    }


def test_over_time_only_what_succeeded_counts(tmp_path: Path) -> None:
    """By the bin in which it was sent; a bin without requests has no value."""
    drawn = analysed(answered(), tmp_path).series["latencies"]
    blobs = {row["at_s"]: row for row in records(drawn) if row["kind"] == "blob"}
    assert sum(row["requests"] for row in blobs.values()) == 50
    assert blobs[0.0]["first_byte_p95_s"] == 0.001
    assert blobs[11.5]["requests"] == 5
    assert (blobs[11.5]["duration_p50_s"], blobs[11.5]["duration_p95_s"]) == (1.2, 1.4)
    assert np.isnan(blobs[25.0]["duration_p95_s"])
    assert set(drawn["kind"]) == {"blob", "dns"}


def test_a_kind_that_is_not_known_is_reported_and_drawn_as_other(tmp_path: Path) -> None:
    run = RunFolder()
    run.request("a", 1, 2, kind="odd")
    analysis = analysed(run, tmp_path)
    assert {it.kind for it in analysis.findings.latencies} == {"odd"}
    assert set(analysis.series["latencies"]["kind"]) == {"other"}


@pytest.mark.parametrize("count", [1, 2, 19, 20, 21, 500])
def test_the_quantiles_are_those_of_all_samples(tmp_path: Path, count: int) -> None:
    """By nearest rank, whatever the order in which they were recorded."""
    took = np.random.default_rng(count).gamma(2.0, 0.1, count).round(4)
    run = RunFolder()
    for at_s, seconds in enumerate(took):
        run.request("a", float(at_s), float(at_s + seconds), kind="manifest")
    (whole, _) = analysed(run, tmp_path).findings.latencies
    found = (whole.duration_p50_s, whole.duration_p95_s, whole.duration_p99_s, whole.duration_max_s)
    expected = [rank(np.sort(took), quantile) for quantile in (0.5, 0.95, 0.99, 1.0)]
    assert found == pytest.approx(expected, abs=1e-5)
