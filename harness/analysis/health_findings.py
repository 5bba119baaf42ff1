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
class MachineFinding:
    """The whole machine while something was pulled; shares are of all its cores, or of its memory.

    `busy_share`: of the samples in which all cores were busy. `busy`: for most of the time;
    `busy_phases`: the phases in which that was so.
    """

    cpus: int
    samples: int
    busy_share: float
    busy: bool
    busy_phases: tuple[str, ...]
    steal_share_mean: float
    stolen: bool
    iowait_share_mean: float
    waits_for_disk: bool
    memory_available_share_min: float
    short_of_memory: bool

    @property
    def saturated(self) -> bool:
        return bool(self.busy or self.busy_phases) or self._short

    def limits(self, phase: str) -> bool:
        """Whether it was the limit in a phase, "" for the whole run."""
        return self._short or (phase in self.busy_phases if phase else self.busy)

    @property
    def _short(self) -> bool:
        return self.stolen or self.waits_for_disk or self.short_of_memory


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What kept the run from going faster, and a sentence that names what to change.

    `word`: machine, generator, link, gateway, registry process, resolver, client pool or registry.
    """

    word: str
    text: str


@dataclass(frozen=True, kw_only=True)
class LoadHealth:
    """Whether the generator kept its own schedule, and what limited the run.

    Lateness is the generator's own: what an arrival waited for a free client is in
    `pool_exhausted` and `pool_wait_max_s`. `limited_by` and `limited_by_text` are the first of
    `limits`, or "nothing" and "".
    """

    lateness_samples: int
    lateness_p50_s: float | None
    lateness_p99_s: float | None
    lateness_max_s: float | None
    lateness_limit_s: float
    cpu_limit_share: float
    saturated: bool
    arrivals: int
    pool_exhausted: int
    pool_wait_max_s: float
    limited_by: str
    limited_by_text: str
    limits: tuple[Limit, ...]
    machine: MachineFinding | None
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
