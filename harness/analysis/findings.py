"""Everything that a run found, as plain data: the content of `findings.json`.

Keys are the field names below; times are seconds since the run began unless they end in a
duration's name (`delay`, `wait`, `duration`), sizes are bytes, shares are 0 to 1. A number that
does not exist is null. Keys are added, never renamed, within one `format`.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

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
    """One expectation and what it was worth.

    `value` and `limit` are in `unit` ("s", "share", "bytes/s", "count"). `value` null with
    `more_than` set: it is somewhere beyond `more_than`; both null with samples: never. `margin` is
    how far the value is on the good side of the limit (negative: beyond it), `margin_share` the
    same as a share of the limit.
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


@dataclass(frozen=True, kw_only=True)
class FaultFinding:
    """One occurrence of a fault.

    `bites_from`: "seam" (counted where it bites), "marked" (requests whose answer it changed) or
    "in_flight" (requests in scope that were under way while it was on); "pulls" (of real nodes that
    failed or went on beyond it, when no request of theirs got through).
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
class QuantileFinding:
    """A quantile with its 95 % bootstrap interval; `value_s` null: more than `more_than_s`."""

    value_s: float | None
    more_than_s: float | None
    low_s: float | None
    high_s: float | None


@dataclass(frozen=True, kw_only=True)
class DelayFinding:
    """Deployment delay of a group of pods.

    `group`: "all", "phase" or "fault"; `population`: "all" pods, or only those that became "ready"
    (the flattering number, for comparison). Pods that never became ready count as later than all.
    """

    group: str
    name: str
    population: str
    pods: int
    ready: int
    failed: int
    unfinished: int
    missing: int
    cached: int
    p50: QuantileFinding
    p90: QuantileFinding
    p95: QuantileFinding
    p99: QuantileFinding
    max: QuantileFinding


@dataclass(frozen=True, kw_only=True)
class PartsFinding:
    """Mean seconds that a pod of the group spent in each part of its delay, ready or not."""

    group: str
    name: str
    pods: int
    mean_s: Mapping[str, float]
    share: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class RecoveryFinding:
    """What followed one heal.

    `first_success_wait_s`: until the first successful pull or push in scope (null: never, or, with
    `tried_again` false, nothing in scope was tried after the heal); `recovery_wait_s`: until every
    pod that was waiting had become ready (0 when none was; null with `more_than_s` when some never
    did). `retry_wait_*`: how long waiting pods sat in back-off although the fault was gone.
    """

    fault: str
    occurrence: int
    healed_s: float
    tried_again: bool
    first_success_wait_s: float | None
    pods_waiting: int
    pods_never_ready: int
    recovery_wait_s: float | None
    more_than_s: float | None
    retry_wait_median_s: float | None
    retry_wait_max_s: float | None


@dataclass(frozen=True, kw_only=True)
class PullsFinding:
    """Attempts to pull, of pods and of background clients, in a phase ("" for the whole run).

    `ok_p50` and the like are durations of the successful ones alone.
    """

    phase: str
    pulls: int
    ok: int
    failed: int
    unfinished: int
    error_rate: float | None
    bytes_sum: int
    bytes_per_ok_pull: float | None
    requests_per_pull: float | None
    causes: Mapping[str, int]
    ok_p50: QuantileFinding
    ok_p95: QuantileFinding
    ok_p99: QuantileFinding


@dataclass(frozen=True, kw_only=True)
class PushesFinding:
    """Pushes in a phase ("" for the whole run); `ok_p50` and the like as for pulls."""

    phase: str
    pushes: int
    ok: int
    failed: int
    unfinished: int
    error_rate: float | None
    bytes_sum: int
    causes: Mapping[str, int]
    ok_p50: QuantileFinding
    ok_p95: QuantileFinding


@dataclass(frozen=True, kw_only=True)
class RequestsFinding:
    """Requests of one phase, kind, status and cause."""

    phase: str
    kind: str
    status: int
    cause: str
    requests: int
    bytes_sum: int


@dataclass(frozen=True, kw_only=True)
class RequestRates:
    phase: str
    requests: int
    failed: int
    error_rate: float | None


@dataclass(frozen=True, kw_only=True)
class BackoffFinding:
    """Time that pods lost waiting for kubelet to try again."""

    phase: str
    pods: int
    pods_in_backoff: int
    sum_s: float
    mean_s: float | None
    max_s: float | None


@dataclass(frozen=True, kw_only=True)
class ThroughputFinding:
    bytes_sum: int
    mean_bytes_per_s: float | None
    peak_bytes_per_s: float | None
    bin_s: float


@dataclass(frozen=True, kw_only=True)
class FailingFinding:
    """Failed pulls of one repository for one cause, whoever or whatever made them fail.

    `first_s`: when the first of them began; `last_s`: when the last ended. `worked_until_s` and
    `works_from_s`: the last success of the same repository before and the first after, None when
    there was none. `ok_meanwhile`: successes while it was broken for sure, from the end of the
    first failure to the beginning of the last, of it and of others.
    `images`: those that failed most often.
    """

    repository: str
    cause: str
    images: tuple[str, ...]
    failed: int
    pods: int
    nodes: int
    first_s: float
    last_s: float
    worked_until_s: float | None
    works_from_s: float | None
    ok_meanwhile: int
    others_ok_meanwhile: int


@dataclass(frozen=True, kw_only=True)
class ErrorGroup:
    """Errors that differ only in ports, digests, times and the like. `example` is one as it was.

    `of` is "pull" or "push". `images`: those that it was said of most often.
    """

    of: str
    cause: str
    text: str
    example: str
    images: tuple[str, ...]
    count: int
    pods: int
    nodes: int
    first_s: float
    last_s: float


@dataclass(frozen=True, kw_only=True)
class ProcessHealth:
    process: str
    makes_load: bool
    samples: int
    cpu_share_median: float
    cpu_share_p90: float
    cpu_share_max: float
    resident_bytes_max: int


@dataclass(frozen=True, kw_only=True)
class LoadHealth:
    """Whether the generator kept its own schedule; if not, the run judges nothing."""

    lateness_samples: int
    lateness_p50_s: float | None
    lateness_p99_s: float | None
    lateness_max_s: float | None
    lateness_limit_s: float
    cpu_limit_share: float
    saturated: bool
    complete: bool
    processes: tuple[ProcessHealth, ...]


@dataclass(frozen=True, kw_only=True)
class NodeMetricsFinding:
    """What a real node's kubelet and containerd counted during the load, by their own metrics.

    Durations end in `_s`, the others are numbers; what the node did not tell is not there.
    """

    node: str
    counts: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class WatchFinding:
    """What the watching of real pods was worth: Kubernetes' events are lossy."""

    pods: int
    pods_without_pull_event: int
    events_lost: int


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
    pulls: tuple[PullsFinding, ...]
    pushes: tuple[PushesFinding, ...]
    requests: tuple[RequestsFinding, ...]
    request_rates: tuple[RequestRates, ...]
    throughput: ThroughputFinding
    failing: tuple[FailingFinding, ...]
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


def plain(value: Any) -> Any:
    """`value` with everything that JSON lacks replaced: NaN and infinities become null."""
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate is no UTF-8
    return value


def finite(value: float) -> float | None:
    """`value`, or None for NaN and infinities."""
    return float(value) if math.isfinite(value) else None
