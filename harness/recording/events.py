"""What can have happened in a run: frozen facts, in seconds since it began, one JSON line each."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, kw_only=True)
class Event:
    """One fact. Its JSON has `event` (the name), `at_s` and the fields."""

    name: ClassVar[str] = ""
    kinds: ClassVar[dict[str, type["Event"]]] = {}
    at_s: float

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Event.kinds[cls.name] = cls

    def line(self) -> str:
        """This event as one line of JSON, without the newline.

        What UTF-8 cannot hold (half a surrogate pair in somebody's error text) is escaped.
        """
        line = json.dumps({"event": self.name, **asdict(self)}, ensure_ascii=False)
        return line.encode("utf-8", "backslashreplace").decode()


def parse(line: str) -> Event:
    """The event that `line` holds.

    Raises ValueError for a line that is cut short or names no known event.
    """
    try:
        data = json.loads(line)
        kind = Event.kinds[data.pop("event")]
        return kind(**data)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not an event: {line[:200]!r}") from error


@dataclass(frozen=True, kw_only=True)
class RunStarted(Event):
    name = "run_started"
    run_id: str
    scenario: str
    seed: int


@dataclass(frozen=True, kw_only=True)
class RoomOpened(Event):
    """A part of the environment is up: `registry`, `link`, `resolver`, `cluster`, `images`."""

    name = "room_opened"
    room: str
    took_s: float
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SteadyStateChecked(Event):
    """A canary pull through every link before the first fault, and again after the last."""

    name = "steady_state_checked"
    ok: bool
    when: str  # "before" or "after"
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class LoadStarted(Event):
    name = "load_started"
    workers: int


@dataclass(frozen=True, kw_only=True)
class LoadEnded(Event):
    """`complete`: every pod became ready and every pull ended before the time limit."""

    name = "load_ended"
    complete: bool
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class FaultInjected(Event):
    """`fault` is the plan's id (`expired_credentials-1`); `occurrence` counts repeats from 1."""

    name = "fault_injected"
    fault: str
    word: str
    occurrence: int
    planned_s: float


@dataclass(frozen=True, kw_only=True)
class FaultHealed(Event):
    """`bites` null: the seam cannot count, so that the report counts requests in flight."""

    name = "fault_healed"
    fault: str
    word: str
    occurrence: int
    bites: int | None
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class FaultFailed(Event):
    """A fault that could not be injected; the verdict is inconclusive."""

    name = "fault_failed"
    fault: str
    word: str
    occurrence: int
    error: str


@dataclass(frozen=True, kw_only=True)
class LoadTally(Event):
    """Running counts from the load, once a second: for `abort_when` and the live display.

    `slow`: of what an `abort_when` limits, how much took longer, how much there was, and how much
    that has not ended takes longer already.
    """

    name = "load_tally"
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
    slow: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PodsWatched(Event):
    """How complete the watch of real pods was: Kubernetes drops events.

    `pods_without_pull_event`: pods that became Ready without an event about
    their image.
    `events_lost`: events that Kubernetes counted but did not send.
    """

    name = "pods_watched"
    pods: int
    pods_without_pull_event: int
    events_lost: int


@dataclass(frozen=True, kw_only=True)
class NodeMetrics(Event):
    """How the counters of a real node's kubelet and containerd grew during the load.

    `counts` by name: durations end in `_s`, the others are numbers; only those that the
    node has.
    """

    name = "node_metrics"
    node: str
    counts: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class GeneratorHealth(Event):
    """CPU share (of one core) and resident bytes of a process of the harness."""

    name = "generator_health"
    process: str
    cpu_share: float
    resident_bytes: int


@dataclass(frozen=True, kw_only=True)
class MachineHealth(Event):
    """How busy the whole machine was; shares are of all its `cpus` together.

    `cpu_share` includes other processes; `steal_share` is what the host gave to other machines.
    """

    name = "machine_health"
    cpus: int
    cpu_share: float
    steal_share: float
    iowait_share: float
    memory_available_share: float


@dataclass(frozen=True, kw_only=True)
class ChildDied(Event):
    name = "child_died"
    child: str
    exit_code: int
    tail: str = ""


@dataclass(frozen=True, kw_only=True)
class Aborted(Event):
    """An `abort_when` limit was passed, or its signal failed.

    `metric`: also `url` or `command`. `value`: a share, for a signal the seconds that it failed.
    `text`: the reason in words.
    """

    name = "aborted"
    metric: str
    value: float
    limit: str
    text: str = ""

    @property
    def reason(self) -> str:
        return f"abort_when: {self.text or f'{self.metric} was {self.value:.0%}, {self.limit}'}"


@dataclass(frozen=True, kw_only=True)
class RunEnded(Event):
    """`reason`: finished, aborted, interrupted, environment, error."""

    name = "run_ended"
    reason: str
    error: str = ""
