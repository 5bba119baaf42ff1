"""What limited a run, and what that does to its verdict."""

from pathlib import Path

import pytest

from harness.analysis.findings import Findings
from harness.recording.events import GeneratorHealth, MachineHealth
from tests.recordings import RunFolder, analysed

P95 = {"metric": "pull_duration", "quantile": 0.95, "at_most": 2}


def stream(run: RunFolder, *, took_s: float, waited_s: float = 0.0, count: int = 100) -> None:
    """Background pulls, five due each second."""
    for number in range(count):
        due_s = number / 5
        begun_s = due_s + waited_s
        run.pull(
            f"pulls-1-{number}",
            begun_s,
            begun_s + took_s,
            node="clients",
            due_s=due_s,
            waited_for_client_s=waited_s,
        )


def found(run: RunFolder, folder: Path, users: int | None = None) -> Findings:
    run.pulls = [{"name": "pulls-1", "users": users}]
    run.ended(60)
    return analysed(run, folder).findings


def cpu(run: RunFolder, process: str, share: float) -> None:
    run.events += [
        GeneratorHealth(at_s=at_s, process=process, cpu_share=share, resident_bytes=1)
        for at_s in range(1, 20)
    ]


def machine(run: RunFolder, share: float, *, start_s: int = 1, end_s: int = 20) -> None:
    run.events += [
        MachineHealth(
            at_s=at_s,
            cpus=2,
            cpu_share=share,
            steal_share=0,
            iowait_share=0,
            memory_available_share=0.5,
        )
        for at_s in range(start_s, end_s)
    ]


def begun(*expect: dict[str, object]) -> RunFolder:
    run = RunFolder(expect=list(expect))
    run.began()
    return run


def test_a_wait_for_a_client_is_part_of_the_duration(tmp_path: Path) -> None:
    """Fast once they began, seconds after they were due: no pass, and only the pool is named."""
    run = begun(P95)
    stream(run, took_s=0.05, waited_s=15)
    findings = found(run, tmp_path, users=2)
    assert (findings.verdict, findings.load.limited_by) == ("fail", "client pool")
    assert [one.word for one in findings.load.limits] == ["client pool"]
    assert findings.expectations[0].value == pytest.approx(15.05)
    pulls = findings.pulls[0]
    assert (pulls.pool_exhausted, round(pulls.service_p95.value_s or 0, 3)) == (100, 0.05)
    assert not findings.load.saturated


def test_service_time_is_an_expectation_of_its_own(tmp_path: Path) -> None:
    """From sent to done: it passes where the duration fails."""
    run = begun(P95 | {"metric": "service_time"})
    stream(run, took_s=0.05, waited_s=9)
    findings = found(run, tmp_path, users=2)
    assert findings.expectations[0].verdict == "pass"


def test_nothing_passes_with_an_exhausted_pool(tmp_path: Path) -> None:
    """Arrivals that began late met less of the fault than they should have."""
    run = begun(P95)
    stream(run, took_s=0.05, waited_s=0.5)
    findings = found(run, tmp_path, users=2)
    assert (findings.verdict, [one.kind for one in findings.reasons]) == (
        "inconclusive",
        ["pool_exhausted"],
    )


def test_a_registry_that_does_not_keep_up_is_a_result(tmp_path: Path) -> None:
    """Each takes 15 s, so ten seconds' arrivals are under way; the load process is idle."""
    run = begun(P95 | {"at_most": 20})
    stream(run, took_s=15)
    cpu(run, "load", 0.05)
    findings = found(run, tmp_path)
    assert (findings.verdict, findings.load.limited_by) == ("pass", "registry")
    assert "load: 5% of a core" in findings.load.limited_by_text


def test_a_slow_registry_that_keeps_up_is_no_limit(tmp_path: Path) -> None:
    """One second each, steadily."""
    run = begun(P95)
    stream(run, took_s=1)
    findings = found(run, tmp_path)
    assert (findings.verdict, findings.load.limited_by) == ("pass", "nothing")


def test_a_link_at_its_limit_makes_it_inconclusive(tmp_path: Path) -> None:
    """86 % of a core; what the link made slow says nothing about the registry."""
    run = begun(P95)
    stream(run, took_s=0.1)
    cpu(run, "link", 0.86)
    findings = found(run, tmp_path)
    assert (findings.verdict, findings.load.limited_by) == ("inconclusive", "link")
    assert [one.kind for one in findings.reasons] == ["harness_limited"]


@pytest.mark.parametrize(
    ("busy", "verdicts"),
    [
        ((0, 0), ["fail", "fail", "fail"]),
        ((1, 9), ["inconclusive", "fail", "fail"]),
        ((10, 15), ["fail", "inconclusive", "fail"]),
        ((1, 20), ["inconclusive", "inconclusive", "fail"]),
    ],
)
def test_a_time_that_failed_while_the_machine_was_the_limit_is_inconclusive(
    tmp_path: Path, busy: tuple[int, int], verdicts: list[str]
) -> None:
    """In that phase only; that pulls failed at all under a fault is no matter of speed."""
    times = (P95 | {"phase": phase, "at_most": 0.1} for phase in ("before", "during"))
    run = begun(*times, {"metric": "pull_error_rate", "phase": "during", "at_most": 0})
    run.fault("latency-1", 10, 15)
    stream(run, took_s=1)
    run.pull("pulls-1-100", 11, 12, node="clients", outcome="failed", cause="server")
    for second in range(1, 20):
        is_busy = busy[0] <= second < busy[1]
        machine(run, 0.99 if is_busy else 0.3, start_s=second, end_s=second + 1)
    findings = found(run, tmp_path)
    assert [one.verdict for one in findings.expectations] == verdicts


@pytest.mark.parametrize(("took_s", "verdict"), [(0.1, "fail"), (1.0, "inconclusive")])
def test_a_busy_machine_explains_that_something_was_slow_enough_and_not_that_it_was_too_fast(
    tmp_path: Path, took_s: float, verdict: str
) -> None:
    """At least half a second: the machine may be all that made it so; too quick is too quick."""
    run = begun({"metric": "pull_duration", "quantile": 0.95, "at_least": 0.5})
    stream(run, took_s=took_s)
    machine(run, 0.99)
    assert found(run, tmp_path).verdict == verdict


def test_a_pass_on_a_busy_machine_stands(tmp_path: Path) -> None:
    """It makes things slower only."""
    run = begun(P95)
    stream(run, took_s=0.1)
    machine(run, 0.99)
    findings = found(run, tmp_path)
    assert (findings.verdict, findings.load.limited_by) == ("pass", "machine")


def test_a_busy_moment_is_no_limit(tmp_path: Path) -> None:
    """A rollout keeps every machine busy for a few seconds."""
    run = begun(P95 | {"at_most": 0.05})
    stream(run, took_s=0.1)
    machine(run, 0.99, end_s=5)
    machine(run, 0.3, start_s=5)
    findings = found(run, tmp_path)
    assert (findings.verdict, findings.load.limited_by) == ("fail", "nothing")
