"""The small running tally behind `abort_when` and the live display: counts, no statistics."""

from collections import deque
from dataclasses import dataclass

from harness.recording.events import Aborted, LoadTally


@dataclass(frozen=True, kw_only=True)
class AbortRule:
    """Abort when `metric` stays above `above` (a share) over a whole window of `over_s`."""

    metric: str  # a key of METRICS
    over_s: float
    above: float
    text: str  # as the scenario wrote it, for the message


def _share(part: int, rest: int) -> float | None:
    return part / (part + rest) if part + rest else None


def pull_error_rate(old: LoadTally, new: LoadTally) -> float | None:
    """Failed pulls among those that ended in between; None when none did."""
    return _share(new.pulls_failed - old.pulls_failed, new.pulls_ok - old.pulls_ok)


def pods_waiting_share(old: LoadTally, new: LoadTally) -> float | None:
    """Pods that are created but not ready, among all created so far."""
    del old  # a state, not a rate
    return _share(new.pods_created - new.pods_ready, new.pods_ready)


METRICS = {"pull_error_rate": pull_error_rate, "pods_waiting_share": pods_waiting_share}


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
            value = METRICS[rule.metric](old, tally) if old is not None else None
            if value is not None and value > rule.above:
                return Aborted(at_s=tally.at_s, metric=rule.metric, value=value, limit=rule.text)
        while len(self._tallies) > 1 and self._tallies[1].at_s <= tally.at_s - self._longest_s:
            self._tallies.popleft()
        return None

    def _at(self, at_s: float) -> LoadTally | None:
        """The latest tally that is no later than `at_s`."""
        older = [tally for tally in self._tallies if tally.at_s <= at_s]
        return older[-1] if older else None
