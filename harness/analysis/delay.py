"""How late the pods became ready, by phase and by fault, and in which part the time went."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pandas as pd

from harness.analysis.json_values import finite
from harness.analysis.pod_findings import (
    BackoffFinding,
    DelayFinding,
    PartsFinding,
    QuantileFinding,
)
from harness.analysis.quantiles import Quantile, Waits, quantile_of
from harness.analysis.windows import PHASES, FaultWindow, overlap
from harness.recording.outcome import Outcome

PARTS: Final = (
    "schedule",
    "queue",
    "resolve",
    "auth",
    "manifest",
    "download",
    "unpack",
    "backoff",
    "start",
)
_QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "max": 1.0}


def waits_of(pods: pd.DataFrame) -> Waits:
    """Delays of `pods`; what never became ready was watched from creation to its end."""
    ready = pods["outcome"].eq(Outcome.OK) & pods["delay_s"].notna()
    watched = (pods["ended_s"] - pods["created_s"]).clip(lower=0).fillna(0.0)
    seen = pods["delay_s"].where(ready, watched)
    return Waits(seen_s=seen.to_numpy(dtype=float), ended=ready.to_numpy(dtype=bool))


def groups(
    pods: pd.DataFrame, windows: Sequence[FaultWindow]
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """All pods, those of each phase, and those that overlap each fault: (group, name, pods)."""
    yield "all", "all", pods
    for phase in PHASES:
        yield "phase", phase, pods[pods["phase"].eq(phase)]
    for fault in dict.fromkeys(window.fault for window in windows):
        touched = np.zeros(len(pods), dtype=bool)
        for window in windows:
            if window.fault == fault:
                touched |= overlap(pods["created_s"], pods["ended_s"], window)
        yield "fault", fault, pods[touched]


def delay_findings(
    pods: pd.DataFrame, windows: Sequence[FaultWindow], seed: int
) -> tuple[DelayFinding, ...]:
    """Quantiles for every group, first of all pods, then of the ready ones alone."""
    found = []
    for group, name, members in groups(pods, windows):
        ready = members[members["outcome"].eq(Outcome.OK)]
        found.append(delay_of(group, name, "all", members, seed))
        found.append(delay_of(group, name, "ready", ready, seed))
    return tuple(found)


def delay_of(group: str, name: str, population: str, pods: pd.DataFrame, seed: int) -> DelayFinding:
    """Outcomes and quantiles of the delay of `pods`, whatever group they are."""
    waits = waits_of(pods)
    outcomes = pods["outcome"]
    recorded = pods["recorded"].astype(bool)
    return DelayFinding(
        group=group,
        name=name,
        population=population,
        pods=len(pods),
        ready=int(outcomes.eq(Outcome.OK).sum()),
        failed=int(outcomes.eq(Outcome.FAILED).sum()),
        unfinished=int((outcomes.eq(Outcome.UNFINISHED) & recorded).sum()),
        missing=int((~recorded).sum()),
        cached=int(pods["cached"].sum()),
        **{key: as_finding(quantile_of(waits, share, seed)) for key, share in _QUANTILES.items()},
    )


def as_finding(quantile: Quantile) -> QuantileFinding:
    """`quantile` without its infinities."""
    value = finite(quantile.value_s)
    return QuantileFinding(
        value_s=value,
        more_than_s=finite(quantile.more_than_s) if value is None else None,
        low_s=finite(quantile.low_s),
        high_s=finite(quantile.high_s),
    )


def parts_findings(pods: pd.DataFrame, windows: Sequence[FaultWindow]) -> tuple[PartsFinding, ...]:
    """Mean seconds in each part for every group that has pods with a sample."""
    found = []
    for group, name, members in groups(pods, windows):
        measured = members[members["recorded"].astype(bool)]
        if measured.empty:
            continue
        means = {part: float(measured[f"{part}_s"].fillna(0.0).mean()) for part in PARTS}
        whole = sum(means.values())
        shares = {part: mean / whole if whole else 0.0 for part, mean in means.items()}
        found.append(
            PartsFinding(group=group, name=name, pods=len(measured), mean_s=means, share=shares)
        )
    return tuple(found)


def backoff_findings(pods: pd.DataFrame) -> tuple[BackoffFinding, ...]:
    """Time lost in back-off by phase, and in the whole run under the name ""."""
    found = []
    for phase in ("", *PHASES):
        members = pods[pods["phase"].eq(phase)] if phase else pods
        lost = members["backoff_s"].fillna(0.0)
        found.append(
            BackoffFinding(
                phase=phase,
                pods=len(members),
                pods_in_backoff=int(lost.gt(0).sum()),
                sum_s=float(lost.sum()),
                mean_s=finite(float(lost.mean())),
                max_s=finite(float(lost.max())),
            )
        )
    return tuple(found)
