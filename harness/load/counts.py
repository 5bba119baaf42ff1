"""What a load process has done so far: counts for the live display, no statistics."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from harness.recording.tally import slow_key


class SlowCounts:
    """Of what takes time, how much takes longer than the limits that `abort_when` has.

    `limits`: metrics, each with seconds. What fails never succeeded, and counts as longer.
    """

    def __init__(self, limits: Iterable[tuple[str, float]] = ()) -> None:
        self._limits: dict[str, list[float]] = defaultdict(list)
        for metric, limit_s in limits:
            self._limits[metric].append(limit_s)
        self._begun: dict[str, dict[str, float]] = {metric: {} for metric in self._limits}
        self._counts: dict[str, int] = defaultdict(int)

    def began(self, metric: str, name: str, at_s: float) -> None:
        if metric in self._begun:
            self._begun[metric][name] = at_s

    def ended(self, metric: str, name: str, at_s: float, *, ok: bool = True) -> None:
        """Count it; what did not begin, or ended before, is passed over."""
        begun_s = self._begun.get(metric, {}).pop(name, None)
        if begun_s is None:
            return
        for limit_s in self._limits[metric]:
            self._counts[slow_key(metric, limit_s, "of")] += 1
            self._counts[slow_key(metric, limit_s, "over")] += not ok or at_s - begun_s > limit_s

    def gone(self, metric: str, name: str) -> None:
        """It will not end."""
        self._begun.get(metric, {}).pop(name, None)

    def taken(self, now_s: float) -> dict[str, int]:
        """The counts, as a tally has them."""
        waiting = {
            slow_key(metric, limit_s, "waiting"): sum(now_s - it > limit_s for it in begun.values())
            for metric, begun in self._begun.items()
            for limit_s in self._limits[metric]
        }
        return {**self._counts, **waiting}


@dataclass
class Counts:
    """The fields are those of `events.LoadTally`; lateness is the worst since the last tally."""

    pulls_ok: int = 0
    pulls_failed: int = 0
    pushes_ok: int = 0
    pushes_failed: int = 0
    pods_created: int = 0
    pods_ready: int = 0
    requests: int = 0
    requests_failed: int = 0
    blob_bytes: int = 0
    lateness_ms_max: float = 0.0
    slow: SlowCounts = field(default_factory=SlowCounts)

    def late(self, seconds: float) -> None:
        """Something began this long after it was due."""
        self.lateness_ms_max = max(self.lateness_ms_max, seconds * 1000)

    def pod_created(self, pod: str, at_s: float) -> None:
        self.pods_created += 1
        self.slow.began("deployment_delay", pod, at_s)

    def pod_ready(self, pod: str, at_s: float) -> None:
        self.pods_ready += 1
        self.slow.ended("deployment_delay", pod, at_s)

    def pull_began(self, pull: str, *, due_s: float, started_s: float) -> None:
        self.slow.began("pull_duration", pull, due_s)
        self.slow.began("service_time", pull, started_s)

    def pull_ended(self, pull: str, at_s: float, *, ok: bool, blob_bytes: int = 0) -> None:
        self.pulls_ok += ok
        self.pulls_failed += not ok
        self.blob_bytes += blob_bytes
        for metric in ("pull_duration", "service_time"):
            self.slow.ended(metric, pull, at_s, ok=ok)

    def taken(self, now_s: float) -> dict[str, Any]:
        """The counts for one tally; lateness begins anew."""
        counts = {it.name: getattr(self, it.name) for it in fields(self)}
        self.lateness_ms_max = 0.0
        return {**counts, "slow": self.slow.taken(now_s)}


def together(counts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The tallies of several as one: sums; lateness is the worst one's."""
    total: dict[str, Any] = {}
    for name in (it.name for it in fields(Counts)):
        values = [each[name] for each in counts]
        total[name] = max(values, default=0.0) if name == "lateness_ms_max" else 0
        if name == "slow":
            keys = {key for each in values for key in each}
            total[name] = {key: sum(each.get(key, 0) for each in values) for key in sorted(keys)}
        elif name != "lateness_ms_max":
            total[name] = sum(map(int, values))
    return total
