"""What was expected against what was measured: pass, fail, or too little to say."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pandas as pd

from harness.analysis.delay import waits_of
from harness.analysis.findings import ExpectationFinding
from harness.analysis.json_values import finite
from harness.analysis.plan_facts import Expectation, Scope
from harness.analysis.pulls import pull_waits, service_waits
from harness.analysis.quantiles import Waits, rank
from harness.analysis.recovery import Recovery, recoveries
from harness.analysis.subsets import narrowed
from harness.analysis.windows import FaultWindow
from harness.recording.metrics import samples_needed
from harness.recording.outcome import Outcome, Verdict
from harness.units import duration_text


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What expectations are held against; frames have their phases.

    `stopped`: why nothing can be judged, as `stopped_early` has it; "" in a run that finished.
    `windows`, `scopes`: of the faults, by which `recoveries` were found.
    """

    pods: pd.DataFrame
    pulls: pd.DataFrame
    pushes: pd.DataFrame
    requests: pd.DataFrame
    recoveries: Sequence[Recovery]
    end_s: float
    stopped: str = ""
    windows: Sequence[FaultWindow] = ()
    scopes: Mapping[tuple[str, int], Scope] = field(default_factory=dict)

    def narrowed(self, image: str, rollout: str) -> "Evidence":
        """Only pods and pulls of `image` and of `rollout`, and what followed each heal for them."""
        if not (image or rollout):
            return self
        pods, pulls = narrowed(self.pods, self.pulls, image, rollout)
        found = recoveries(pods, pulls, self.pushes.head(0), self.windows, self.scopes)
        return replace(self, pods=pods, pulls=pulls, recoveries=found)


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A number between `low` and `high` (equal unless something was never seen to end).

    `best` is the best single sample, `needed` how many samples it takes to judge.
    """

    unit: str
    low: float
    high: float
    best: float
    samples: int
    needed: int
    note: str = ""


def judge(expectation: Expectation, evidence: Evidence) -> ExpectationFinding:
    """The finding for `expectation`. A metric that is not known is inconclusive, never a pass."""
    measured = METRICS.get(expectation.metric)
    if measured is None:
        measure = _nothing("", f"{expectation.metric}: no such metric, known: {sorted(METRICS)}")
    else:
        some = evidence.narrowed(expectation.image, expectation.rollout)
        measure = measured(expectation, some)
    if evidence.stopped and measured is not None:
        measure = _nothing(measure.unit, f"not judged: {evidence.stopped}")
    verdict, note = _verdict(expectation, measure)
    value = finite(measure.high)
    known = value if value is not None else finite(measure.low)
    margin = None
    if known is not None and measure.samples and verdict is not Verdict.INCONCLUSIVE:
        sign = 1 if expectation.comparison == "at_most" else -1
        margin = sign * (expectation.limit - known)
    return ExpectationFinding(
        text=sentence(expectation, measure.unit),
        metric=expectation.metric,
        phase=expectation.phase,
        quantile=expectation.quantile,
        comparison=expectation.comparison,
        limit=expectation.limit,
        unit=measure.unit,
        value=value,
        more_than=finite(measure.low) if value is None else None,
        margin=margin,
        margin_share=None
        if margin is None or not expectation.limit
        else margin / expectation.limit,
        samples=measure.samples,
        samples_needed=measure.needed,
        verdict=verdict.value,
        note=note,
        image=expectation.image,
        rollout=expectation.rollout,
    )


def _verdict(expectation: Expectation, measure: Measure) -> tuple[Verdict, str]:
    if not measure.samples:
        return Verdict.INCONCLUSIVE, measure.note or "nothing was measured"
    if expectation.comparison == "at_most":
        good, bad = measure.high <= expectation.limit, measure.low > expectation.limit
        hopeless = measure.best > expectation.limit
    else:
        good, bad = measure.low >= expectation.limit, measure.high < expectation.limit
        hopeless = measure.best < expectation.limit
    if measure.samples < measure.needed:
        few = f"{measure.samples} samples, {measure.needed} are needed"
        if hopeless:
            return Verdict.FAIL, f"only {few}, but none of them is within the limit"
        return Verdict.INCONCLUSIVE, f"too few samples: {few}"
    if good or bad:
        return Verdict.PASS if good else Verdict.FAIL, measure.note
    return (
        Verdict.INCONCLUSIVE,
        "not observed for long enough: some did not finish before the run ended",
    )


def sentence(expectation: Expectation, unit: str) -> str:
    """`expectation` in words, as the report prints it."""
    quantile = f" p{expectation.quantile * 100:g}" if expectation.quantile is not None else ""
    phase = f" {expectation.phase}" if expectation.phase else ""
    of = (("image", expectation.image), ("rollout", expectation.rollout))
    where = "".join(f" of {key} {name}" for key, name in of if name)
    fault = f" of {expectation.fault}" if expectation.fault else ""
    limit = f"{expectation.limit:.6g}"
    if unit == "share":
        limit = f"{expectation.limit * 100:.6g} %"
    elif unit == "s":
        limit = duration_text(expectation.limit)
    elif unit:
        limit = f"{limit} {unit}"
    comparison = expectation.comparison.replace("_", " ")
    return f"{expectation.metric}{quantile}{where}{phase}{fault} {comparison} {limit}"


def _in_phase(rows: pd.DataFrame, expectation: Expectation) -> pd.DataFrame:
    return rows[rows["phase"].eq(expectation.phase)] if expectation.phase else rows


def _nothing(unit: str, note: str) -> Measure:
    nan = math.nan
    return Measure(unit=unit, low=nan, high=nan, best=nan, samples=0, needed=1, note=note)


def _of_waits(waits: Waits, expectation: Expectation, what: str, came: str) -> Measure:
    if not len(waits):
        return _nothing("s", f"no {what}" + (f" {expectation.phase}" if expectation.phase else ""))
    quantile = 1.0 if expectation.quantile is None else expectation.quantile
    never = int((~waits.ended).sum())
    best = waits.seen_s if expectation.comparison == "at_most" else waits.at_most_s
    return Measure(
        unit="s",
        low=rank(np.sort(waits.seen_s), quantile),
        high=rank(np.sort(waits.at_most_s), quantile),
        best=float(best.min() if expectation.comparison == "at_most" else best.max()),
        samples=len(waits),
        needed=samples_needed(quantile),
        note=f"{never} of {len(waits)} {what} never {came}" if never else "",
    )


def _of_share(
    hits: int, samples: int, expectation: Expectation, what: str, *, whole: bool = False
) -> Measure:
    """A share; `whole`: the samples are all there are, not a choice from more."""
    if not samples:
        return _nothing("share", f"no {what}")
    value = hits / samples
    at_most = expectation.comparison == "at_most"
    best = (1.0 if hits == samples else 0.0) if at_most else (1.0 if hits else 0.0)
    finest = min(expectation.limit, 1 - expectation.limit)
    needed = math.ceil(round(1 / finest, 6)) if finest > 0 and not whole else 1
    return Measure(
        unit="share",
        low=value,
        high=value,
        best=best,
        samples=samples,
        needed=needed,
        note=f"{hits} of {samples}",
    )


def _deployment_delay(expectation: Expectation, evidence: Evidence) -> Measure:
    return _of_waits(
        waits_of(_in_phase(evidence.pods, expectation)), expectation, "pods", "became Ready"
    )


def _pull_duration(expectation: Expectation, evidence: Evidence) -> Measure:
    return _of_waits(
        pull_waits(_in_phase(evidence.pulls, expectation)), expectation, "pulls", "succeeded"
    )


def _service_time(expectation: Expectation, evidence: Evidence) -> Measure:
    pulls = _in_phase(evidence.pulls, expectation)
    return _of_waits(service_waits(pulls), expectation, "pulls", "succeeded")


def _pods_ready(expectation: Expectation, evidence: Evidence) -> Measure:
    pods = _in_phase(evidence.pods, expectation)
    ready = int(pods["outcome"].eq(Outcome.OK).sum())
    return _of_share(ready, len(pods), expectation, "pods", whole=True)


def _pods_right_image(expectation: Expectation, evidence: Evidence) -> Measure:
    right = _in_phase(evidence.pods, expectation)["right_image"].dropna()
    what = "Ready pods whose image is known"
    return _of_share(int(right.sum()), len(right), expectation, what, whole=True)


def _error_rate(rows: pd.DataFrame, expectation: Expectation, what: str) -> Measure:
    rows = _in_phase(rows[["phase", "outcome"]], expectation)
    failed = int(rows["outcome"].eq(Outcome.FAILED).sum())
    return _of_share(failed, len(rows), expectation, what)


def _pull_error_rate(expectation: Expectation, evidence: Evidence) -> Measure:
    return _error_rate(evidence.pulls, expectation, "pulls")


def _request_error_rate(expectation: Expectation, evidence: Evidence) -> Measure:
    return _error_rate(evidence.requests, expectation, "requests")


def _push_error_rate(expectation: Expectation, evidence: Evidence) -> Measure:
    return _error_rate(evidence.pushes, expectation, "pushes")


def _of_heals(bounds: Iterable[tuple[float, float]]) -> Measure:
    waits = list(bounds)
    if not waits:
        return _nothing("s", "no fault was removed, or nothing was tried afterwards")
    return Measure(
        unit="s",
        low=max(low for low, _ in waits),
        high=max(high for _, high in waits),
        best=min(low for low, _ in waits),
        samples=len(waits),
        needed=1,
    )


def _of_fault(expectation: Expectation, evidence: Evidence) -> list[Recovery]:
    wanted = expectation.fault
    return [
        found
        for found in evidence.recoveries
        if not wanted or wanted in (found.window.fault, found.window.word)
    ]


def _recovery_time(expectation: Expectation, evidence: Evidence) -> Measure:
    found = _of_fault(expectation, evidence)
    if found and evidence.pods.empty:
        return _nothing("s", "no pods, so nothing to recover")
    return _of_heals(
        (one.watched_s if one.pods_never_ready else one.recovery_wait_s, one.recovery_wait_s)
        for one in found
    )


def _first_success_time(expectation: Expectation, evidence: Evidence) -> Measure:
    return _of_heals(
        (
            min(one.first_success_wait_s, max(0.0, evidence.end_s - one.window.end_s)),
            one.first_success_wait_s,
        )
        for one in _of_fault(expectation, evidence)
        if one.tried_again
    )


METRICS: Final[Mapping[str, Callable[[Expectation, Evidence], Measure]]] = {
    "deployment_delay": _deployment_delay,
    "pull_duration": _pull_duration,
    "service_time": _service_time,
    "pods_ready": _pods_ready,
    "pods_right_image": _pods_right_image,
    "pull_error_rate": _pull_error_rate,
    "request_error_rate": _request_error_rate,
    "push_error_rate": _push_error_rate,
    "recovery_time": _recovery_time,
    "first_success_time": _first_success_time,
}
