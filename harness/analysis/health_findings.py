"""Whether the measurement can be relied on: the load generator, and what real nodes counted."""

from collections.abc import Mapping
from dataclasses import dataclass


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
