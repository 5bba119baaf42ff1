"""Everything that a run found, as plain data: the content of `findings.json`.

Keys are the field names below; times are seconds since the run began unless they end in a
duration's name (`delay`, `wait`, `duration`), sizes are bytes, shares are 0 to 1. A number that
does not exist is null. Keys are added, never renamed, within one `format`.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from harness.analysis.health_findings import LoadHealth, NodeMetricsFinding, WatchFinding
from harness.analysis.json_values import plain
from harness.analysis.pod_findings import (
    BackoffFinding,
    BreakdownFinding,
    DelayFinding,
    PartsFinding,
    RecoveryBreakdown,
    RecoveryFinding,
    RightImageFinding,
)
from harness.analysis.transfer_findings import (
    ErrorGroup,
    FailingFinding,
    LatencyFinding,
    PullsFinding,
    PushesFinding,
    RequestRates,
    RequestsFinding,
    ThroughputFinding,
)

FORMAT: Final = 1


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What ran. `ended` is the reason of the run's end, `not_ended` when the recording stops."""

    run_id: str
    scenario: str
    summary: str
    seed: int
    started: str
    command: str
    duration_s: float
    ended: str
    ended_error: str
    link_kind: str
    nodes: int
    workers: int
    rooms: Mapping[str, Mapping[str, Any]]
    versions: Mapping[str, str]
    host: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why the verdict is not a plain pass. `kind` is stable, `text` a sentence."""

    kind: str
    subject: str
    text: str


@dataclass(frozen=True, kw_only=True)
class ExpectationFinding:
    """One expectation with its measured value and verdict.

    `value` and `limit` are in `unit` ("s", "share", "bytes/s", "count"). `value` null with
    `more_than` set: it is somewhere beyond `more_than`; both null with samples: never. `margin` is
    how far the value stays within the limit (negative: how far beyond it), `margin_share` the
    same as a share of the limit. `image`, `rollout`: what its `where` names.
    """

    text: str
    metric: str
    phase: str
    quantile: float | None
    comparison: str  # "at_most" or "at_least"
    limit: float
    unit: str
    value: float | None
    more_than: float | None
    margin: float | None
    margin_share: float | None
    samples: int
    samples_needed: int
    verdict: str
    note: str
    image: str = ""
    rollout: str = ""


@dataclass(frozen=True, kw_only=True)
class FaultFinding:
    """One occurrence of a fault.

    `bites_from`: "seam" (counted by the seam itself), "marked" (requests whose answer it changed),
    "in_flight" (requests in scope that were in flight while it was active) or "pulls" (pulls of
    real nodes that failed or were still running, when none of their requests got through).
    """

    fault: str
    word: str
    occurrence: int
    planned_s: float
    injected_s: float | None
    healed_s: float | None
    bites: int | None
    bites_from: str
    bitten: bool
    nodes: tuple[str, ...]
    settings: Mapping[str, Any]
    error: str


@dataclass(frozen=True, kw_only=True)
class RecordingFacts:
    """What the numbers rest on, and what could not be read."""

    events: int
    pods: int
    pods_missing: int
    pods_not_due: int
    pulls: int
    pushes: int
    requests: int
    problems: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Findings:
    """All of it. `exit_code` is what `harness run` ends with for this recording."""

    verdict: str
    exit_code: int
    headline: str
    reasons: tuple[Reason, ...]
    run: RunFacts
    expectations: tuple[ExpectationFinding, ...]
    faults: tuple[FaultFinding, ...]
    delay: tuple[DelayFinding, ...]
    delay_parts: tuple[PartsFinding, ...]
    recovery: tuple[RecoveryFinding, ...]
    backoff: tuple[BackoffFinding, ...]
    breakdown: tuple[BreakdownFinding, ...]
    recovery_breakdown: tuple[RecoveryBreakdown, ...]
    right_image: RightImageFinding
    pulls: tuple[PullsFinding, ...]
    pushes: tuple[PushesFinding, ...]
    requests: tuple[RequestsFinding, ...]
    request_rates: tuple[RequestRates, ...]
    latencies: tuple[LatencyFinding, ...]
    throughput: ThroughputFinding
    failing: tuple[FailingFinding, ...]
    failing_pushes: tuple[FailingFinding, ...]
    errors: tuple[ErrorGroup, ...]
    load: LoadHealth
    node_metrics: tuple[NodeMetricsFinding, ...]
    watched: WatchFinding | None
    recording: RecordingFacts
    format: int = field(default=FORMAT)

    def as_json(self) -> dict[str, Any]:
        """This as plain JSON values: no NaN, no infinity, no lone surrogate."""
        values: dict[str, Any] = plain(asdict(self))
        return values

    def to_json(self) -> str:
        """The content of `findings.json`."""
        return json.dumps(self.as_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
