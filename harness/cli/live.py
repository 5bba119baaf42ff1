"""What a terminal shows of a run now: phase, active faults and their time left, delay, errors."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.recording.events import (
    Event,
    FaultHealed,
    FaultInjected,
    LoadEnded,
    LoadStarted,
    LoadTally,
    RoomOpened,
    RunEnded,
    SteadyStateChecked,
)

_WINDOW_S = 10.0  # over which rates are averaged
_BAR_WIDTH = 24
_KEPT = 100_000  # tallies, one a second: more than a day

Occurrence = tuple[str, int]  # a fault's id and the number of its occurrence


@dataclass(kw_only=True)
class LiveState:
    """Fed with events in their order; `lines` is what to show after each.

    `ends_s` is when the run is over at the latest, `heals_s` when each occurrence is due to heal.
    """

    title: str
    ends_s: float
    heals_s: Mapping[Occurrence, float] = field(default_factory=dict)
    _at_s: float = 0.0
    _doing: str = "starting"
    _broken: dict[Occurrence, None] = field(default_factory=dict)
    _tallies: deque[LoadTally] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def feed(self, event: Event) -> None:
        self._at_s = max(self._at_s, event.at_s)
        match event:
            case RoomOpened():
                self._doing = f"starting, {event.room} is ready"
            case SteadyStateChecked():
                self._doing = f"steady state {event.when} the faults"
            case LoadStarted():
                self._doing = "before the faults"
            case FaultInjected():
                self._broken[event.fault, event.occurrence] = None
            case FaultHealed():
                self._broken.pop((event.fault, event.occurrence), None)
                self._doing = "after a fault"
            case LoadTally():
                self._tallies.append(event)
            case LoadEnded():
                self._doing = "load ended"
            case RunEnded():
                self._doing = "shutting down"

    def lines(self) -> list[str]:
        """Plain text: where the run is, the load, and what is broken now."""
        phase = "during a fault" if self._broken else self._doing
        done = min(1.0, self._at_s / self.ends_s) if self.ends_s else 0.0
        bar = "━" * round(done * _BAR_WIDTH)
        until = f" of at most {self.ends_s:.0f} s" if self.ends_s else ""
        lines = [f"{self.title}  {bar:<{_BAR_WIDTH}}  {self._at_s:.0f} s{until}  {phase}"]
        if self._tallies:
            lines.append(self._load())
        if self._broken:
            lines.append("active faults: " + ", ".join(map(self._fault, self._broken)))
        return lines

    def _fault(self, one: Occurrence) -> str:
        name = one[0] if one[1] == 1 else f"{one[0]} #{one[1]}"
        heals_s = self.heals_s.get(one)
        return name if heals_s is None else f"{name} {max(0.0, heals_s - self._at_s):.0f} s left"

    def _load(self) -> str:
        now, then = self._tallies[-1], self._window_begin()
        failed = now.pulls_failed - then.pulls_failed
        pulls = failed + now.pulls_ok - then.pulls_ok
        took_s = max(1.0, now.at_s - then.at_s)
        rate_mib = (now.blob_bytes - then.blob_bytes) / took_s / 2**20
        errors = f"{failed / pulls:.0%} of pulls failed" if pulls else "no pulls"
        return (
            f"pods {now.pods_ready}/{now.pods_created} ready{self._waiting()} · "
            f"last {took_s:.0f} s: {errors}, {rate_mib:,.1f} MiB/s"
        )

    def _window_begin(self) -> LoadTally:
        since_s = self._tallies[-1].at_s - _WINDOW_S
        return next(
            (tally for tally in reversed(self._tallies) if tally.at_s <= since_s), self._tallies[0]
        )

    def _waiting(self) -> str:
        """The least that the oldest waiting pod has waited.

        When more pods had been created by a moment than are Ready now, one of those still waits.
        """
        now = self._tallies[-1]
        if now.pods_created <= now.pods_ready:
            return ""
        since = next(one for one in self._tallies if one.pods_created > now.pods_ready)
        return f", oldest waits \N{GREATER-THAN OR EQUAL TO} {now.at_s - since.at_s:.0f} s"
