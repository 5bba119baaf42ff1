"""Proof of injection: who counted, and what counts when the seam cannot."""

from pathlib import Path

from harness.recording.events import FaultFailed, PodsWatched
from tests.recordings import RunFolder, analysed


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
    faults = analysed(run, tmp_path).findings.faults
    assert [(one.fault, one.bites, one.bites_from, one.bitten) for one in faults] == [
        ("latency-1", 1, "in_flight", True),
        ("corrupted_blob-1", 1, "marked", True),
        ("bandwidth-1", 0, "in_flight", False),
    ]


def test_pulls_of_real_nodes_count_when_no_request_got_through(tmp_path: Path) -> None:
    """What a link drops never reaches the gateway, and nobody else sees it leave a real node."""
    for number, real in enumerate((True, False)):
        run = RunFolder()
        run.began()
        run.fault("partition-1", 10, 20, bites=None, where={"nodes": ["node-0"]})
        run.fault("partition-2", 10, 20, bites=None, where={"nodes": ["node-1"]})
        run.pull("a", 8, 40, outcome="failed")
        run.pull("in time", 11, 12)
        run.pull("late", 11, 25)
        if real:
            run.events.append(
                PodsWatched(at_s=60, pods=1, pods_without_pull_event=0, events_lost=0)
            )
        first, second = analysed(run, tmp_path / str(number)).findings.faults
        assert (first.bites, first.bites_from) == ((2, "pulls") if real else (0, "in_flight"))
        assert (second.bites, second.bitten) == (0, False)


def test_one_occurrence_that_bit_proves_the_fault(tmp_path: Path) -> None:
    """The others are shown with their own count."""
    run = RunFolder()
    run.fault("latency-1", 10, 20, bites=0)
    run.fault("latency-1", 30, 40, bites=7, occurrence=2)
    findings = analysed(run, tmp_path).findings
    assert [one.bitten for one in findings.faults] == [False, True]
    assert "fault_never_bit" not in {reason.kind for reason in findings.reasons}


def test_a_fault_that_was_planned_and_never_injected_is_listed(tmp_path: Path) -> None:
    """With the reason, when there is one."""
    run = RunFolder()
    run.fault("latency-1", 10, 20)
    run.events.clear()
    run.events.append(
        FaultFailed(at_s=10, fault="latency-1", word="latency", occurrence=1, error="no toxic")
    )
    (fault,) = analysed(run, tmp_path).findings.faults
    assert (fault.injected_s, fault.bites, fault.error) == (None, None, "no toxic")
    assert fault.settings == {"share": 1.0}
