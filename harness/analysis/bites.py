"""Whether each fault really bit: by the seam's count, by marked answers, or by what it met."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from harness.analysis.findings import FaultFinding
from harness.analysis.plan_facts import PlannedOccurrence, Scope
from harness.analysis.windows import FaultWindow, overlap
from harness.recording.events import FaultFailed
from harness.recording.outcome import Outcome


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """What a fault may have met: all requests, and the pulls of real nodes.

    The requests of real nodes are known only once they reach the gateway.
    """

    requests: pd.DataFrame
    real_pulls: pd.DataFrame


def fault_findings(
    planned: Sequence[PlannedOccurrence],
    windows: Sequence[FaultWindow],
    failed: Iterable[FaultFailed],
    traffic: Traffic,
) -> tuple[FaultFinding, ...]:
    """Every occurrence that was planned or happened, by its time.

    A fault bit when any of its occurrences did; the others are marked `bitten` by that too only
    if they have bites of their own.
    """
    plans = {(plan.fault, plan.occurrence): plan for plan in planned}
    happened = {(window.fault, window.occurrence): window for window in windows}
    errors = {(event.fault, event.occurrence): event for event in failed}
    keys = dict.fromkeys([*plans, *happened, *errors])
    found = [
        _finding(key, plans.get(key), happened.get(key), errors.get(key), traffic) for key in keys
    ]
    return tuple(sorted(found, key=lambda fault: (fault.planned_s, fault.fault)))


def _finding(
    key: tuple[str, int],
    plan: PlannedOccurrence | None,
    window: FaultWindow | None,
    failed: FaultFailed | None,
    traffic: Traffic,
) -> FaultFinding:
    scope = plan.scope if plan else Scope()
    bites, source = _bites(window, scope, traffic) if window else (None, "")
    error = failed.error if failed else window.error if window else ""
    word = next((known.word for known in (plan, window, failed) if known), "")
    planned_s = plan.at_s if plan else window.planned_s if window else failed.at_s if failed else 0
    return FaultFinding(
        fault=key[0],
        word=word,
        occurrence=key[1],
        planned_s=planned_s,
        injected_s=window.start_s if window else None,
        healed_s=window.end_s if window and window.healed else None,
        bites=bites,
        bites_from=source,
        bitten=bool(bites),
        nodes=scope.nodes,
        settings=plan.settings if plan else {},
        error=error,
    )


def _bites(window: FaultWindow, scope: Scope, traffic: Traffic) -> tuple[int, str]:
    if window.bites is not None:
        return window.bites, "seam"
    requests, pulls = traffic.requests, traffic.real_pulls
    named = requests[["node", "kind", "bitten_by"]]
    met = named[overlap(requests["sent_s"], requests["done_s"], window)]
    marked = int(met["bitten_by"].eq(window.fault).sum())
    if marked:
        return marked, "marked"
    if scope.nodes:
        met = met[met["node"].isin(scope.nodes)]
    if scope.kinds:
        met = met[met["kind"].isin(scope.kinds)]
    if len(met) or scope.kinds:
        return len(met), "in_flight"
    pulls = pulls[overlap(pulls["started_s"], pulls["ended_s"], window)]
    pulls = pulls[pulls["outcome"].ne(Outcome.OK) | pulls["ended_s"].gt(window.end_s)]
    if scope.nodes:
        pulls = pulls[pulls["node"].isin(scope.nodes)]
    return (len(pulls), "pulls") if len(pulls) else (0, "in_flight")


def never_bit(faults: Sequence[FaultFinding]) -> tuple[str, ...]:
    """The faults that were injected but have no bite in any occurrence."""
    bitten: Mapping[str, bool] = {
        name: any(fault.bitten for fault in faults if fault.fault == name)
        for name in dict.fromkeys(fault.fault for fault in faults if fault.injected_s is not None)
    }
    return tuple(name for name, bit in bitten.items() if not bit)
