"""The small running tally behind `abort_when` and the live display: counts, no statistics."""

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

from harness.recording.events import Aborted, LoadTally
from harness.recording.metrics import METRICS, Metric, samples_needed

_WAITING: Final = Metric(unit="share", about="pods that are created and not Ready, of all")
# What `abort_when` may name; some are known nowhere during a run.
ABORT_METRICS: Final = {**METRICS, "pods_waiting_share": _WAITING}


@dataclass(frozen=True, kw_only=True)
class AbortRule:
    """Abort when `metric` is above or below a limit over a window of `over_s`.

    Limits are shares, or seconds of a duration, of which `quantile` is meant.
    """

    metric: str  # a key of ABORT_METRICS
    over_s: float
    above: float | None = None
    below: float | None = None
    quantile: float = 1.0
    text: str  # as the scenario wrote it, for the message

    @property
    def name(self) -> str:
        """The metric, with its quantile if that is not the largest."""
        return self.metric if self.quantile >= 1 else f"{self.metric} p{self.quantile * 100:g}"


def slow_key(metric: str, limit_s: float, what: str) -> str:
    """Where a tally's `slow` has it: `what` is `over`, `of` or `waiting`."""
    return f"{metric}>{limit_s:g}s {what}"


def _share(part: int, rest: int) -> float | None:
    return part / (part + rest) if part + rest else None


def _share_of(metric: str, old: LoadTally, new: LoadTally) -> float | None:
    """The share that `metric` was between two tallies; None when there was nothing of it."""
    if metric == "pods_waiting_share":  # a state, not a rate
        return _share(new.pods_created - new.pods_ready, new.pods_ready)
    if metric == "pods_ready":  # of those that have had the time
        return min(1.0, new.pods_ready / old.pods_created) if old.pods_created else None
    if metric == "request_error_rate":
        failed = new.requests_failed - old.requests_failed
        return _share(failed, new.requests - old.requests - failed)
    what = {"pull_error_rate": "pulls", "push_error_rate": "pushes"}[metric]
    failed, ok = (
        getattr(new, f"{what}_{it}") - getattr(old, f"{what}_{it}") for it in ("failed", "ok")
    )
    return _share(failed, ok)


def _broken(rule: AbortRule, old: LoadTally, new: LoadTally) -> tuple[float, str] | None:
    """The value by which `rule` is broken between two tallies, and that in words."""
    if ABORT_METRICS[rule.metric].unit == "s":
        return _too_slow(rule, old, new)
    value = _share_of(rule.metric, old, new)
    if value is None:
        return None
    above = rule.above is not None and value > rule.above
    below = rule.below is not None and value < rule.below
    return (value, f"was {value:.0%}, {rule.text}") if above or below else None


def _too_slow(rule: AbortRule, old: LoadTally, new: LoadTally) -> tuple[float, str] | None:
    """Whether so much took longer than the limit that the quantile is above it."""
    assert rule.above is not None
    over, of, waiting = (
        slow_key(rule.metric, rule.above, what) for what in ("over", "of", "waiting")
    )
    still = new.slow.get(waiting, 0)
    slow = new.slow.get(over, 0) - old.slow.get(over, 0) + still
    count = new.slow.get(of, 0) - old.slow.get(of, 0) + still
    quick_needed = math.ceil(round(rule.quantile * count, 9))
    if count < samples_needed(rule.quantile) or count - slow >= quick_needed:
        return None
    return slow / count, f"was {rule.text}: {slow} of {count} took longer"


class AbortWatch:
    """Is fed every tally and says once when a rule is broken."""

    def __init__(self, rules: tuple[AbortRule, ...]) -> None:
        self._rules = rules
        self._tallies: deque[LoadTally] = deque()
        self._longest_s = max((rule.over_s for rule in rules), default=0.0)

    def feed(self, tally: LoadTally) -> Aborted | None:
        """The first rule that `tally` breaks, if any. A window not yet full breaks nothing."""
        self._tallies.append(tally)
        for rule in self._rules:
            old = self._at(tally.at_s - rule.over_s)
            if old is not None and (broken := _broken(rule, old, tally)):
                value, said = broken
                return Aborted(
                    at_s=tally.at_s,
                    metric=rule.metric,
                    value=value,
                    limit=rule.text,
                    text=f"{rule.name} {said}",
                )
        while len(self._tallies) > 1 and self._tallies[1].at_s <= tally.at_s - self._longest_s:
            self._tallies.popleft()
        return None

    def _at(self, at_s: float) -> LoadTally | None:
        """The latest tally that is no later than `at_s`."""
        older = [tally for tally in self._tallies if tally.at_s <= at_s]
        return older[-1] if older else None
