"""What whole recordings are worth, and the exit code that says so."""

from pathlib import Path

import pytest

from harness.analysis import Findings
from harness.recording.events import Aborted, ChildDied, FaultFailed, RunEnded, SteadyStateChecked
from tests.recordings import NAN, RunFolder, analysed, outage

READY = {"metric": "pods_ready", "at_least": 1.0}


def judged(run: RunFolder, folder: Path) -> Findings:
    return analysed(run, folder).findings


def kinds(findings: Findings) -> list[str]:
    return [reason.kind for reason in findings.reasons]


def test_a_run_that_keeps_its_limits_passes(tmp_path: Path) -> None:
    """Everything expected was met and the fault bit."""
    run = outage()
    run.expect = [
        READY,
        {"metric": "deployment_delay", "quantile": 0.95, "phase": "during", "at_most": 90},
    ]
    findings = judged(run, tmp_path)
    assert (findings.verdict, findings.exit_code, kinds(findings)) == ("pass", 0, [])
    assert findings.headline == "2 of 2 expectations met; every fault affected requests."


def test_a_broken_limit_fails(tmp_path: Path) -> None:
    """The margin says by how much."""
    run = outage()
    run.expect = [
        READY,
        {"metric": "deployment_delay", "quantile": 0.95, "phase": "during", "at_most": 30},
    ]
    findings = judged(run, tmp_path)
    assert (findings.verdict, findings.exit_code) == ("fail", 1)
    broken = findings.expectations[1]
    assert (broken.verdict, broken.value, broken.samples) == ("fail", 42.0, 21)
    assert broken.margin == pytest.approx(-12.0)
    assert broken.margin_share == pytest.approx(-0.4)


def test_a_fault_that_never_bit_proves_nothing(tmp_path: Path) -> None:
    """Every limit kept, but there was nothing to withstand."""
    run = outage(bites=0)
    run.expect = [READY]
    findings = judged(run, tmp_path)
    assert (findings.verdict, findings.exit_code) == ("inconclusive", 4)
    assert kinds(findings) == ["fault_never_bit"]
    assert "dns_nxdomain-1" in findings.headline


def test_a_failed_limit_outweighs_a_fault_that_never_bit(tmp_path: Path) -> None:
    """A fail is a fail."""
    run = outage(bites=0)
    run.expect = [{"metric": "recovery_time", "at_most": 1}]
    assert judged(run, tmp_path).exit_code == 1


def test_an_aborted_run_has_its_own_exit_code(tmp_path: Path) -> None:
    """Whatever its expectations were worth by then."""
    run = outage()
    run.expect = [{"metric": "recovery_time", "at_most": 1}]
    run.events[-1] = RunEnded(at_s=60, reason="aborted")
    run.events.append(Aborted(at_s=60, metric="pull_error_rate", value=1.0, limit="100 %"))
    findings = judged(run, tmp_path)
    assert findings.exit_code == 5
    assert "aborted" in kinds(findings)


@pytest.mark.parametrize(
    ("reason", "exit_code", "why"),
    [
        ("interrupted", 130, "the run was interrupted after 60.0 s"),
        ("aborted", 5, "the run was aborted after 60.0 s"),
        ("environment", 3, "the environment failed after 60.0 s"),
        ("died", 4, "a part of the environment exited after 60.0 s"),
    ],
)
def test_a_run_that_was_cut_short_judges_nothing(
    tmp_path: Path, reason: str, exit_code: int, why: str
) -> None:
    """Neither the limit that was met by then nor the one that was not, nor the fault."""
    run = outage(bites=0)
    run.expect = [READY, {"metric": "recovery_time", "at_most": 1}]
    run.events = [one for one in run.events if one.at_s < 60]
    run.events.append(RunEnded(at_s=60, reason=reason))
    findings = judged(run, tmp_path)
    assert (findings.verdict, findings.exit_code) == ("inconclusive", exit_code)
    assert [(one.verdict, one.value, one.note) for one in findings.expectations] == [
        ("inconclusive", None, f"not judged: {why}")
    ] * 2
    assert "expectation_failed" not in kinds(findings)
    assert "fault_never_bit" not in kinds(findings)
    assert findings.headline == f"Nothing was judged: {why}."


@pytest.mark.parametrize(
    ("reason", "exit_code"), [("interrupted", 130), ("environment", 3), ("error", 70), ("died", 4)]
)
def test_a_run_that_ends_early_says_how(tmp_path: Path, reason: str, exit_code: int) -> None:
    """And never passes."""
    run = outage()
    run.expect = [READY]
    run.events[-1] = RunEnded(at_s=60, reason=reason, error="why")
    findings = judged(run, tmp_path)
    assert (findings.verdict, findings.exit_code) == ("inconclusive", exit_code)
    assert findings.run.ended == reason


def test_whatever_went_wrong_beside_the_load_makes_it_unknown(tmp_path: Path) -> None:
    """A dead service, a fault that could not be injected, a registry that stayed broken."""
    run = outage()
    run.expect = [READY]
    run.events += [
        ChildDied(at_s=30, child="resolver", exit_code=-9),
        FaultFailed(
            at_s=31, fault="latency-1", word="latency", occurrence=1, error="no such toxic"
        ),
        SteadyStateChecked(at_s=119, ok=False, when="after", error="still broken"),
    ]
    findings = judged(run, tmp_path)
    assert (findings.verdict, findings.exit_code) == ("inconclusive", 4)
    assert kinds(findings) == ["fault_failed", "child_died", "not_steady"]


def test_a_saturated_generator_makes_it_unknown(tmp_path: Path) -> None:
    """Half a second late before any fault, and often."""
    run = outage()
    run.expect = [READY]
    for number in range(40):
        run.pull(f"late-{number}", 10.5, 11, due_s=10)
    findings = judged(run, tmp_path)
    assert findings.load.saturated
    assert (kinds(findings), findings.exit_code) == (["generator_saturated"], 4)


def test_nothing_expected_is_nothing_proved(tmp_path: Path) -> None:
    """A scenario without expectations never passes."""
    findings = judged(outage(), tmp_path)
    assert (findings.verdict, kinds(findings)) == ("inconclusive", ["no_expectations"])


def test_an_empty_recording_is_findings_without_numbers(tmp_path: Path) -> None:
    """Nothing was recorded but the start."""
    run = RunFolder()
    run.expect = [
        READY,
        {"metric": "deployment_delay", "quantile": 0.5, "at_most": 1},
        {"metric": "pull_error_rate", "at_most": 0},
        {"metric": "recovery_time", "at_most": 1},
        {"metric": "no_such_metric", "at_most": 1},
    ]
    findings = judged(run, tmp_path)
    assert {one.verdict for one in findings.expectations} == {"inconclusive"}
    assert findings.exit_code == 4
    assert "no_such_metric" in findings.expectations[-1].note


def test_a_pod_that_is_all_there_is(tmp_path: Path) -> None:
    """One sample judges a worst case, but no 95th percentile."""
    run = RunFolder()
    run.began()
    run.pod("only", 1, 2.0)
    run.expect = [
        {"metric": "deployment_delay", "at_most": 3},
        {"metric": "deployment_delay", "quantile": 0.95, "at_most": 3},
        {"metric": "deployment_delay", "quantile": 0.95, "at_most": 1},
    ]
    run.ended(5)
    findings = judged(run, tmp_path)
    assert [one.verdict for one in findings.expectations] == ["pass", "inconclusive", "fail"]
    assert findings.expectations[1].samples_needed == 20


def test_pods_that_all_failed_stay_in_every_denominator(tmp_path: Path) -> None:
    """They are later than any limit that they were watched beyond, and unknown below it."""
    run = RunFolder()
    run.began()
    run.fault("dns_nxdomain-1", 5, 100)
    for number in range(30):
        run.pod(f"pod-{number}", 10, NAN, ended_s=70)
        run.pull(f"pull-{number}", 10, 11, outcome="failed", cause="dns", error_text="no such host")
    run.expect = [
        READY,
        {"metric": "deployment_delay", "quantile": 0.95, "at_most": 59},
        {"metric": "deployment_delay", "quantile": 0.95, "at_most": 90},
        {"metric": "pull_error_rate", "at_most": 0.5},
        {"metric": "pull_duration", "quantile": 0.5, "at_most": 10},
    ]
    run.ended(100)
    findings = judged(run, tmp_path)
    assert [one.verdict for one in findings.expectations] == [
        "fail",
        "fail",
        "inconclusive",
        "fail",
        "fail",
    ]
    assert findings.expectations[1].more_than == 60
    assert findings.delay[0].p50.value_s is None
