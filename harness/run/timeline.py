"""The one place where time passes: plays a plan's faults over an environment."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol, TypedDict

from harness.chance import Chance
from harness.faults import Fault
from harness.plan.plan import PlannedFault
from harness.process.clock import monotonic_s
from harness.recording.events import Event, FaultFailed, FaultHealed, FaultInjected
from harness.seams import Bites, Seams

# How long after its planned end a service waits for the harness before it heals by itself.
DEADLINE_GRACE_S = 5.0

Record = Callable[[Event], None]


@dataclass
class RunClock:
    """Seconds since the run began, on the monotonic clock that all its processes share.

    A run begins when its environment is ready and its load starts; what comes before is at 0.
    """

    start_s: float = math.inf

    def start(self, in_s: float = 0.0) -> None:
        """Let the run begin `in_s` seconds from now."""
        self.start_s = monotonic_s() + in_s

    def now_s(self) -> float:
        return 0.0 if self.start_s == math.inf else max(0.0, monotonic_s() - self.start_s)

    async def sleep_until(self, at_s: float) -> None:
        await asyncio.sleep(max(0.0, self.start_s + at_s - monotonic_s()))


class ScopedSeams(Protocol):
    """The seams of one occurrence of a fault, and what they have seen."""

    @property
    def seams(self) -> Seams: ...

    async def bites(self) -> Bites: ...


class Grounds(Protocol):
    """What the timeline asks of an environment."""

    def scoped(self, fault: PlannedFault, chance: Chance, deadline_s: float) -> ScopedSeams: ...


async def play(
    faults: Sequence[PlannedFault],
    *,
    seed: int,
    grounds: Grounds,
    clock: RunClock,
    record: Record,
) -> None:
    """Inject and heal every occurrence at its time.

    Returns when the last has healed. Cancelled, it heals all that are open first. A fault that
    cannot be injected or healed is an event, and the others go on.
    """
    async with asyncio.TaskGroup() as tasks:
        for fault in faults:
            tasks.create_task(_occurrence(fault, seed, grounds, clock, record))


async def _occurrence(
    fault: PlannedFault, seed: int, grounds: Grounds, clock: RunClock, record: Record
) -> None:
    await clock.sleep_until(fault.at_s)
    deadline_s = clock.start_s + fault.ends_s + DEADLINE_GRACE_S
    scoped = grounds.scoped(fault, Chance(seed, fault.id), deadline_s)
    about = FaultId(fault=fault.id, word=fault.word, occurrence=fault.occurrence)
    with suppress(Exception):  # it is recorded; one fault's failure must not leave others unhealed
        async with injected(fault.fault, scoped, about, clock, record, planned_s=fault.at_s):
            await clock.sleep_until(fault.ends_s)


class FaultId(TypedDict):
    """What tells one occurrence of a fault from all others in its events."""

    fault: str
    word: str
    occurrence: int


@asynccontextmanager
async def injected(
    fault: Fault,
    scoped: ScopedSeams,
    about: FaultId,
    clock: RunClock,
    record: Record,
    *,
    planned_s: float | None = None,
) -> AsyncIterator[None]:
    """Hold `fault` on until the block is left, and record its events.

    One that could not be injected is a FaultFailed; any other is a FaultHealed with its bites,
    whatever ended it. What was raised goes on. `planned_s` None: now.
    """
    on, problem = False, ""
    try:
        async with fault.inject(scoped.seams):
            on, at_s = True, clock.now_s()
            planned_s = at_s if planned_s is None else planned_s
            record(FaultInjected(at_s=at_s, planned_s=planned_s, **about))
            yield
    except Exception as error:
        problem = str(error) or type(error).__name__
        if not on:
            record(FaultFailed(at_s=clock.now_s(), error=problem, **about))
        raise
    finally:
        if on:
            record(await _healed(scoped, about, clock.now_s(), problem))


async def _healed(scoped: ScopedSeams, about: FaultId, at_s: float, problem: str) -> FaultHealed:
    try:
        bites = (await scoped.bites()).count
    except Exception as error:  # noqa: BLE001  a seam that died cannot count; its error is recorded
        bites, problem = 0, problem or str(error) or type(error).__name__
    return FaultHealed(at_s=at_s, bites=bites, error=problem, **about)
