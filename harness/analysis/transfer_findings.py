"""What was pulled, pushed and requested, and what failed."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.analysis.pod_findings import QuantileFinding


@dataclass(frozen=True, kw_only=True)
class PullsFinding:
    """Attempts to pull, of pods and of background clients, in a phase ("" for the whole run).

    `ok_p50` and the like are durations of the successful ones alone, from when they were due;
    `service_p50` from when they began. `pool_exhausted`: arrivals that found every client busy.
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
    service_p50: QuantileFinding
    service_p95: QuantileFinding
    pool_exhausted: int


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
    service_p50: QuantileFinding
    service_p95: QuantileFinding
    pool_exhausted: int


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
class LatencyFinding:
    """Requests of one kind and class of status in a phase ("" for the whole run).

    `status_class`: "2xx" and the like, "no answer", or "resolved" and "not resolved" of look-ups.
    `first_byte_…` from when a request was sent to the first byte of its answer, `duration_…` to the
    last, or to the error; null where there was none. What the run's end cut off has no latency.
    """

    phase: str
    kind: str
    status_class: str
    requests: int
    first_byte_p50_s: float | None
    first_byte_p95_s: float | None
    first_byte_p99_s: float | None
    first_byte_max_s: float | None
    duration_p50_s: float | None
    duration_p95_s: float | None
    duration_p99_s: float | None
    duration_max_s: float | None


@dataclass(frozen=True, kw_only=True)
class RequestRates:
    phase: str
    requests: int
    failed: int
    error_rate: float | None


@dataclass(frozen=True, kw_only=True)
class ThroughputFinding:
    bytes_sum: int
    mean_bytes_per_s: float | None
    peak_bytes_per_s: float | None
    bin_s: float


@dataclass(frozen=True, kw_only=True)
class FailingFinding:
    """Failed pulls or pushes of one repository for one cause, planned fault or not.

    `first_s`: when the first of them began; `last_s`: when the last ended. `worked_until_s` and
    `works_from_s`: the last success of the same repository before and the first after, null when
    there was none. `ok_meanwhile` and `others_ok_meanwhile`: successes of this repository and of
    others, from the end of the first failure to the beginning of the last.
    `images` and `node_names`: those that failed most often.
    """

    repository: str
    cause: str
    images: tuple[str, ...]
    failed: int
    pods: int
    nodes: int
    node_names: tuple[str, ...]
    first_s: float
    last_s: float
    worked_until_s: float | None
    works_from_s: float | None
    ok_meanwhile: int
    others_ok_meanwhile: int


@dataclass(frozen=True, kw_only=True)
class ErrorGroup:
    """Errors that differ only in ports, digests, times and the like. `example`: one in full.

    `of` is "pull" or "push". `images`: those that failed with it most often.
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
