"""What a run is worth as a whole, why, and the exit code that says so."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from harness.analysis.bites import never_bit
from harness.analysis.findings import ExpectationFinding, FaultFinding, Reason
from harness.analysis.health_findings import LoadHealth, MachineFinding
from harness.analysis.stopped import NOT_ENDED, how_it_ended, stopped_early
from harness.recording.events import (
    Aborted,
    ChildDied,
    Event,
    LoadEnded,
    SteadyStateChecked,
)
from harness.recording.metrics import METRICS
from harness.recording.outcome import ExitCode, Verdict, worst
from harness.recording.phases import Phase

# How a run that did not finish ends, whatever it had measured by then.
_EXIT_OF_END: Final = {
    "aborted": ExitCode.ABORTED,
    "interrupted": ExitCode.INTERRUPTED,
    "environment": ExitCode.ENVIRONMENT,
    "error": ExitCode.BUG,
}


def reasons(
    events: Sequence[Event],
    expectations: Sequence[ExpectationFinding],
    faults: Sequence[FaultFinding],
    load: LoadHealth,
) -> tuple[Reason, ...]:
    """Everything that keeps the verdict from being a plain pass, what failed first.

    What expectations and faults were not given the time for is said once, by the end of the run.
    """
    finished = how_it_ended(events)[0] == "finished"
    return (
        *(_of_expectations(expectations) if finished else ()),
        *_of_faults(faults, finished=finished),
        *_of_events(events),
        *_of_load(load),
    )


def _of_expectations(expectations: Sequence[ExpectationFinding]) -> Iterator[Reason]:
    kinds = ((Verdict.FAIL, "expectation_failed"), (Verdict.INCONCLUSIVE, "not_judged"))
    for verdict, kind in kinds:
        for finding in expectations:
            if finding.verdict == verdict:
                note = f": {finding.note}" if finding.note else ""
                yield Reason(kind=kind, subject=finding.metric, text=f"{finding.text}{note}")
    if not expectations:
        yield Reason(
            kind="no_expectations",
            subject="expect",
            text="the scenario has no expectations",
        )


def _of_faults(faults: Sequence[FaultFinding], *, finished: bool) -> Iterator[Reason]:
    for name in never_bit(faults) if finished else ():
        text = f"{name} was injected but affected no request, DNS query or connection"
        yield Reason(kind="fault_never_bit", subject=name, text=text)
    for fault in faults:
        which = f"{fault.fault} (occurrence {fault.occurrence})"
        if fault.injected_s is None and (fault.error or finished):
            text = f"{which} was not injected" + (f": {fault.error}" if fault.error else "")
            yield Reason(kind="fault_failed", subject=fault.fault, text=text)
        elif fault.injected_s is not None and fault.error:
            text = f"{which} was not removed cleanly: {fault.error}"
            yield Reason(kind="heal_failed", subject=fault.fault, text=text)


def _of_events(events: Sequence[Event]) -> Iterator[Reason]:
    for event in events:
        match event:
            case Aborted():
                yield Reason(kind="aborted", subject=event.metric, text=event.reason)
            case ChildDied():
                text = f"{event.child} exited unexpectedly with code {event.exit_code}"
                yield Reason(kind="child_died", subject=event.child, text=text)
            case SteadyStateChecked(ok=False):
                text = event.error or f"the registry was not healthy {event.when} the faults"
                yield Reason(kind="not_steady", subject=event.when, text=text)
            case LoadEnded(error=error) if error:
                yield Reason(kind="load_failed", subject="load", text=f"load: {error}")
            case _:
                pass
    yield from _of_end(events)


def _of_end(events: Sequence[Event]) -> Iterator[Reason]:
    ended, error = how_it_ended(events)
    stopped = stopped_early(events)
    if ended == NOT_ENDED:
        text = "the recording stops before the end of the run"
        yield Reason(kind="recording_stops", subject="events.jsonl", text=text)
    elif ended not in ("finished", "aborted"):
        text = stopped + (f": {error}" if error else "")
        yield Reason(kind="ended_early", subject=ended, text=text)


_NO_FAULT: Final = "this machine was the limit, and no fault was on"
_MAY_EXPLAIN: Final = "this machine was the limit, which may be all that made it slow"

# The machine and the registry are not here. The registry's limit is a result; a busy machine makes
# everything slower, so what was kept on it stands.
_REASON_OF_LIMIT: Final = {
    "generator": "generator_saturated",
    "client pool": "pool_exhausted",
    **dict.fromkeys(("link", "gateway", "registry process", "resolver"), "harness_limited"),
}


def _of_load(load: LoadHealth) -> Iterator[Reason]:
    for limit in load.limits:
        if kind := _REASON_OF_LIMIT.get(limit.word):
            yield Reason(kind=kind, subject=limit.word, text=limit.text)


def excuse_the_registry(
    expectations: Sequence[ExpectationFinding], load: LoadHealth, *, faulty: bool
) -> tuple[ExpectationFinding, ...]:
    """What slowness can explain proves nothing while the machine was the limit.

    It explains times that are too long, and everything that failed before the faults; a run without
    faults is all before them. It explains a time that is `at_least` as long as expected, too, and
    never one that is too short.
    """
    return tuple(_excused(one, load.machine, faulty=faulty) for one in expectations)


def _excused(
    one: ExpectationFinding, machine: MachineFinding | None, *, faulty: bool
) -> ExpectationFinding:
    is_least_time = one.unit == "s" and one.comparison == "at_least"
    explained = Verdict.PASS if is_least_time else Verdict.FAIL
    if one.verdict != explained or machine is None:
        return one
    phase = one.phase or (Phase.AFTER.value if METRICS[one.metric].fault else "")
    if not machine.limits(phase):
        return one
    before = phase == Phase.BEFORE or not (phase or faulty)
    if not before and one.unit != "s":
        return one
    note = f"{_NO_FAULT if before else _MAY_EXPLAIN}; {one.note}".rstrip("; ")
    return replace(one, verdict=Verdict.INCONCLUSIVE.value, note=note)


def overall(
    found: Sequence[Reason], expectations: Sequence[ExpectationFinding], ended: str
) -> tuple[Verdict, ExitCode]:
    """Verdict and exit code: a failed expectation outweighs whatever is inconclusive."""
    verdicts = [Verdict(finding.verdict) for finding in expectations]
    verdicts += [Verdict.INCONCLUSIVE for _ in found]
    verdict = Verdict.INCONCLUSIVE if ended == NOT_ENDED else worst(verdicts)
    early = _EXIT_OF_END.get(ended)
    if early is None and any(reason.kind == "aborted" for reason in found):
        early = ExitCode.ABORTED
    by_verdict = {
        Verdict.PASS: ExitCode.PASS,
        Verdict.FAIL: ExitCode.FAIL,
        Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
    }
    return verdict, early or by_verdict[verdict]


def headline(
    verdict: Verdict,
    stopped: str,
    found: Sequence[Reason],
    expectations: Sequence[ExpectationFinding],
    *,
    faulty: bool,
) -> str:
    """One sentence for the top of every format; `stopped` as `stopped_early` has it."""
    if stopped:
        return f"Nothing was judged: {stopped}."
    kept = sum(finding.verdict == Verdict.PASS for finding in expectations)
    counted = f"{kept} of {len(expectations)} expectations met"
    if verdict is Verdict.PASS:
        return counted + ("; every fault affected requests." if faulty else ".")
    if verdict is Verdict.FAIL:
        failed = sum(finding.verdict == Verdict.FAIL for finding in expectations)
        return f"{failed} of {len(expectations)} expectations not met."
    first = found[0].text if found else "nothing was judged"
    return f"No verdict: {first}."
