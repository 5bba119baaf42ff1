"""How pulls and pushes ended, what they cost, and the requests they were made of."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from harness.analysis.client_pool import pool_exhausted
from harness.analysis.delay import as_finding
from harness.analysis.frames import records
from harness.analysis.quantiles import Waits, quantile_of
from harness.analysis.transfer_findings import (
    PullsFinding,
    PushesFinding,
    RequestRates,
    RequestsFinding,
)
from harness.analysis.windows import PHASES
from harness.recording.outcome import Outcome

_COUNTED: Final = ("phase", "outcome", "cause", "due_s", "started_s", "ended_s")


def due_of(rows: pd.DataFrame) -> "pd.Series[float]":
    """When each pull or push was due; a real node does not tell, so there it is its start."""
    return rows["due_s"].fillna(rows["started_s"])


def pull_waits(pulls: pd.DataFrame) -> Waits:
    """How long each attempt took to succeed, from when it was due.

    A failed one never succeeds, an unfinished one may.
    """
    return _waits(pulls, due_of(pulls))


def service_waits(pulls: pd.DataFrame) -> Waits:
    """How long each attempt took to succeed once it began; what never began is not there."""
    begun = pulls[pulls["started_s"].notna()]
    return _waits(begun, begun["started_s"])


def _waits(pulls: pd.DataFrame, since_s: "pd.Series[float]") -> Waits:
    took = (pulls["ended_s"] - since_s).clip(lower=0).fillna(0.0)
    took = took.mask(pulls["outcome"].eq(Outcome.FAILED), np.inf)
    succeeded = pulls["outcome"].eq(Outcome.OK)
    return Waits(seen_s=took.to_numpy(dtype=float), ended=succeeded.to_numpy(dtype=bool))


def by_phase(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The whole run under the name "", then each phase."""
    yield "", rows
    for phase in PHASES:
        yield phase, rows[rows["phase"].eq(phase)]


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def pulls_findings(pulls: pd.DataFrame, seed: int) -> tuple[PullsFinding, ...]:
    """Attempts by outcome and cause, with their duration, bytes and requests."""
    counted = pulls[[*_COUNTED, "bytes", "requests"]].assign(exhausted=pool_exhausted(pulls))
    return tuple(_pulls(phase, members, seed) for phase, members in by_phase(counted))


def _pulls(phase: str, pulls: pd.DataFrame, seed: int) -> PullsFinding:
    ok = pulls[pulls["outcome"].eq(Outcome.OK)]
    bad = pulls[pulls["outcome"].eq(Outcome.FAILED)]
    waits, service = pull_waits(ok), service_waits(ok)
    return PullsFinding(
        phase=phase,
        pulls=len(pulls),
        ok=len(ok),
        failed=len(bad),
        unfinished=int(pulls["outcome"].eq(Outcome.UNFINISHED).sum()),
        error_rate=share(len(bad), len(pulls)),
        bytes_sum=int(pulls["bytes"].sum()),
        bytes_per_ok_pull=float(ok["bytes"].mean()) if len(ok) else None,
        requests_per_pull=float(pulls["requests"].mean()) if len(pulls) else None,
        causes=_causes(bad),
        ok_p50=as_finding(quantile_of(waits, 0.5, seed)),
        ok_p95=as_finding(quantile_of(waits, 0.95, seed)),
        ok_p99=as_finding(quantile_of(waits, 0.99, seed)),
        service_p50=as_finding(quantile_of(service, 0.5, seed)),
        service_p95=as_finding(quantile_of(service, 0.95, seed)),
        pool_exhausted=int(pulls["exhausted"].sum()),
    )


def pushes_findings(pushes: pd.DataFrame, seed: int) -> tuple[PushesFinding, ...]:
    """Pushes by outcome and cause, with their duration and bytes."""
    pushes = pushes.assign(exhausted=pool_exhausted(pushes))
    return tuple(_pushes(phase, members, seed) for phase, members in by_phase(pushes))


def _pushes(phase: str, pushes: pd.DataFrame, seed: int) -> PushesFinding:
    ok = pushes[pushes["outcome"].eq(Outcome.OK)]
    bad = pushes[pushes["outcome"].eq(Outcome.FAILED)]
    waits, service = pull_waits(ok), service_waits(ok)
    return PushesFinding(
        phase=phase,
        pushes=len(pushes),
        ok=len(ok),
        failed=len(bad),
        unfinished=int(pushes["outcome"].eq(Outcome.UNFINISHED).sum()),
        error_rate=share(len(bad), len(pushes)),
        bytes_sum=int(pushes["bytes"].sum()),
        causes=_causes(bad),
        ok_p50=as_finding(quantile_of(waits, 0.5, seed)),
        ok_p95=as_finding(quantile_of(waits, 0.95, seed)),
        service_p50=as_finding(quantile_of(service, 0.5, seed)),
        service_p95=as_finding(quantile_of(service, 0.95, seed)),
        pool_exhausted=int(pushes["exhausted"].sum()),
    )


def _causes(bad: pd.DataFrame) -> dict[str, int]:
    causes = bad["cause"].replace("", "unknown").value_counts()
    return {str(cause): int(count) for cause, count in sorted(causes.items())}


def requests_findings(requests: pd.DataFrame) -> tuple[RequestsFinding, ...]:
    """Requests counted by phase, kind, status and cause."""
    keys = ["phase", "kind", "status", "cause"]
    counted = requests.groupby(keys, sort=True).agg(
        requests=("bytes", "size"), bytes_sum=("bytes", "sum")
    )
    return tuple(
        RequestsFinding(
            phase=row["phase"],
            kind=row["kind"],
            status=row["status"],
            cause=row["cause"],
            requests=row["requests"],
            bytes_sum=row["bytes_sum"],
        )
        for row in records(counted.reset_index())
    )


def request_rates(requests: pd.DataFrame) -> tuple[RequestRates, ...]:
    """The share of requests that failed."""
    found = []
    for phase, members in by_phase(requests[["phase", "outcome"]]):
        failed = int(members["outcome"].eq(Outcome.FAILED).sum())
        rate = share(failed, len(members))
        found.append(
            RequestRates(phase=phase, requests=len(members), failed=failed, error_rate=rate)
        )
    return tuple(found)
