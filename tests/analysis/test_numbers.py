"""The numbers of one run whose every sample is known."""

from pathlib import Path

import pytest

from harness.analysis import Analysis, RecordedRun, analyse
from tests.recordings import NAN, RunFolder, outage


@pytest.fixture
def analysis(tmp_path: Path) -> Analysis:
    """The DNS outage of tests.recordings."""
    return analyse(RecordedRun.load(outage().write(tmp_path / "run")))


def test_delay_by_phase_and_by_fault(analysis: Analysis) -> None:
    """Sixty pods, one every 1.5 s; those that meet the outage wait for kubelet's next try."""
    found = {
        one.name: (one.pods, one.ready, one.p50.value_s, one.max.value_s)
        for one in analysis.findings.delay
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


def test_the_parts_add_up_to_the_delay(analysis: Analysis) -> None:
    """On average, as for each pod."""
    pods = analysis.tables["pods"]
    for one in analysis.findings.delay_parts:
        if one.group == "phase":
            mean = pods.loc[pods["phase"].eq(one.name), "delay_s"].mean()
            assert sum(one.mean_s.values()) == pytest.approx(mean)
            assert sum(one.share.values()) == pytest.approx(1)


def test_pulls_by_outcome_and_cause(analysis: Analysis) -> None:
    """Each failed attempt counts once, whatever became of its pod."""
    every, before, during, after = analysis.findings.pulls
    assert (every.pulls, every.ok, every.failed, every.causes) == (91, 60, 31, {"dns": 31})
    assert every.error_rate == pytest.approx(31 / 91)
    assert before.causes == {}
    assert during.failed == 31
    assert after.ok_p50.value_s == pytest.approx(0.7)
    assert every.bytes_sum == 60 * (32 << 20)
    assert every.bytes_per_ok_pull == 32 << 20


def test_requests_by_kind_status_and_cause(analysis: Analysis) -> None:
    """Look-ups that failed have no status."""
    failed = [one for one in analysis.findings.requests if one.cause]
    assert [(one.phase, one.kind, one.status, one.requests) for one in failed] == [
        ("during", "dns", 0, 31)
    ]
    assert analysis.findings.request_rates[0].error_rate == pytest.approx(31 / 211)


def test_throughput_keeps_every_byte(analysis: Analysis) -> None:
    """Spreading transfers over bins loses none of them."""
    assert analysis.findings.throughput.bytes_sum == 60 * (32 << 20)
    assert analysis.findings.throughput.bin_s == 1


def test_recovery_and_backoff(analysis: Analysis) -> None:
    """The last waiting pod comes long after the heal, for nothing but back-off."""
    (recovery,) = analysis.findings.recovery
    assert recovery.pods_waiting == 20
    assert recovery.first_success_wait_s == pytest.approx(1.9)
    assert recovery.recovery_wait_s == pytest.approx(26.5)
    every = analysis.findings.backoff[0]
    assert every.pods_in_backoff == 20
    assert every.sum_s == pytest.approx(562.9)


def test_the_ecdf_counts_pods_that_never_became_ready(tmp_path: Path) -> None:
    """Its curve ends below 100 %."""
    run = RunFolder()
    run.pod("a", 0, 1.0)
    run.pod("b", 0, NAN, ended_s=30)
    steps = analyse(RecordedRun.load(run.write(tmp_path / "run"))).series["delay_ecdf"]
    assert steps["share"].max() == 0.5


def test_the_waterfall_follows_the_attempts(analysis: Analysis) -> None:
    """Before, in, between and after them, without a gap."""
    segments = analysis.series["waterfall"]
    slowest = segments[segments["place"].eq(1)]
    pod = analysis.tables["pods"].set_index("pod").loc[slowest["pod"].iloc[0]]
    assert slowest["begin_s"].iloc[0] == pytest.approx(pod["created_s"])
    assert slowest["end_s"].iloc[-1] == pytest.approx(pod["ready_s"])
    gaps = slowest["begin_s"].to_numpy()[1:] - slowest["end_s"].to_numpy()[:-1]
    assert abs(gaps).max() < 1e-3
    assert slowest.groupby("part")["begin_s"].size()["backoff"] == 2


def test_bites_are_counted_from_requests_where_the_seam_cannot(tmp_path: Path) -> None:
    """In scope and under way while the fault was on; marked answers come first."""
    run = RunFolder()
    run.began("toxiproxy")
    run.fault("latency-1", 10, 20, bites=None, where={"nodes": ["node-1"], "kinds": ["blob"]})
    run.fault("corrupted_blob-1", 30, 40, bites=None)
    run.fault("bandwidth-1", 50, 60, bites=None, where={"nodes": ["node-9"]})
    run.request("in", 19, 25, node="node-1")
    run.request("other-node", 15, 16, node="node-2")
    run.request("other-kind", 15, 16, node="node-1", kind="manifest")
    run.request("too-late", 21, 22, node="node-1")
    run.request("marked", 31, 32, bitten_by="corrupted_blob-1")
    run.request("unmarked", 33, 34)
    run.request("elsewhere", 55, 56)
    faults = analyse(RecordedRun.load(run.write(tmp_path / "run"))).findings.faults
    assert [(one.fault, one.bites, one.bites_from, one.bitten) for one in faults] == [
        ("latency-1", 1, "in_flight", True),
        ("corrupted_blob-1", 1, "marked", True),
        ("bandwidth-1", 0, "in_flight", False),
    ]


def test_a_recording_without_columns_of_today_is_read(tmp_path: Path) -> None:
    """Older samples lack columns; they are blank."""
    import pyarrow as pa  # noqa: PLC0415  late, as in the code under test
    import pyarrow.parquet as pq  # noqa: PLC0415  late, as in the code under test

    folder = RunFolder().write(tmp_path / "run")
    table = pa.table({"pod": ["a"], "created_s": [1.0], "outcome": ["ok"], "later": [1]})
    pq.write_table(table, folder / "samples" / "pods-old-0.parquet")
    pods = RecordedRun.load(folder).tables["pods"]
    assert pods["pod"].tolist() == ["a"]
    assert pods["attempts"].tolist() == [0]
    assert "later" not in pods.columns
