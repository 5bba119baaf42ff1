"""Delay, recovery and pulls by image and by rollout."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from harness.analysis.delay import as_finding, delay_of
from harness.analysis.plan_facts import Scope
from harness.analysis.pod_findings import BreakdownFinding, RecoveryBreakdown
from harness.analysis.pulls import by_phase, pull_waits, share
from harness.analysis.quantiles import quantile_of
from harness.analysis.recovery import recoveries, recovery_findings
from harness.analysis.subsets import Subset
from harness.analysis.windows import FaultWindow
from harness.recording.outcome import Outcome


def breakdown_findings(found: Sequence[Subset], seed: int) -> tuple[BreakdownFinding, ...]:
    """Every subset as a whole, and in each phase in which it has samples."""
    return tuple(row for subset in found for row in _rows(subset, seed))


def _rows(subset: Subset, seed: int) -> Iterator[BreakdownFinding]:
    phases = zip(by_phase(subset.pods), by_phase(subset.pulls), strict=True)
    for (phase, pods), (_, pulls) in phases:
        if len(pods) or len(pulls):
            yield _row(subset, phase, pods, pulls, seed)


def _row(
    subset: Subset, phase: str, pods: pd.DataFrame, pulls: pd.DataFrame, seed: int
) -> BreakdownFinding:
    delay = delay_of(subset.group, subset.name, "all", pods, seed)
    ok = pulls[pulls["outcome"].eq(Outcome.OK)]
    failed = int(pulls["outcome"].eq(Outcome.FAILED).sum())
    waits = pull_waits(ok)
    return BreakdownFinding(
        group=subset.group,
        name=subset.name,
        phase=phase,
        pods=delay.pods,
        ready=delay.ready,
        failed=delay.failed,
        unfinished=delay.unfinished,
        missing=delay.missing,
        p50=delay.p50,
        p90=delay.p90,
        p95=delay.p95,
        max=delay.max,
        pulls=len(pulls),
        pulls_ok=len(ok),
        pulls_failed=failed,
        pull_error_rate=share(failed, len(pulls)),
        pull_bytes_sum=int(pulls["bytes"].sum()),
        pull_p50=as_finding(quantile_of(waits, 0.5, seed)),
        pull_p95=as_finding(quantile_of(waits, 0.95, seed)),
    )


def recovery_breakdown(
    found: Sequence[Subset],
    no_pushes: pd.DataFrame,
    windows: Sequence[FaultWindow],
    scopes: Mapping[tuple[str, int], Scope],
) -> tuple[RecoveryBreakdown, ...]:
    """What followed each heal in every subset."""
    return tuple(
        RecoveryBreakdown(**vars(finding), group=subset.group, name=subset.name)
        for subset in found
        for finding in recovery_findings(
            recoveries(subset.pods, subset.pulls, no_pushes, windows, scopes)
        )
    )
