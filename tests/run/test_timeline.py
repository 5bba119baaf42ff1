"""Faults come and go at their times, and are healed whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

import pytest

from harness.faults import Fault
from harness.plan.plan import PlannedFault
from harness.recording.events import Event, FaultFailed, FaultHealed, FaultInjected
from harness.run.timeline import FaultId, RunClock, injected, play
from harness.seams import Bites, Seams, Where

Inject = Callable[[], AbstractAsyncContextManager[None]]


class Stand:
    """Stands for a fault and for the seams it is given; keeps what was done, in order."""

    def __init__(self, bites: int | Exception = 3) -> None:
        self.done: list[str] = []
        self._bites = bites

    @asynccontextmanager
    async def open(self, fails: str = "") -> AsyncIterator[None]:
        if fails == "inject":
            raise RuntimeError("the seam is gone")
        self.done.append("broken")
        try:
            yield
        finally:
            self.done.append("healed")
            if fails == "heal":
                raise RuntimeError("cannot heal")

    def planned(self, at_s: float, for_s: float, fails: str = "", number: int = 1) -> PlannedFault:
        stand = self

        class Once:
            def inject(self, _: Seams) -> AbstractAsyncContextManager[None]:
                return stand.open(fails)

        return PlannedFault(
            id=f"once-{number}",
            word="once",
            occurrence=1,
            fault=cast("Fault", Once()),
            where=Where(),
            at_s=at_s,
            ends_s=at_s + for_s,
        )

    # the grounds
    def scoped(self, *_: Any) -> "Stand":
        return self

    @property
    def seams(self) -> Seams:
        return cast("Seams", None)

    async def bites(self) -> Bites:
        if isinstance(self._bites, Exception):
            raise self._bites
        return Bites(count=self._bites)


def played(stand: Stand, *faults: PlannedFault) -> list[Event]:
    events: list[Event] = []
    clock = RunClock()
    clock.start()
    asyncio.run(play(faults, seed=1, grounds=stand, clock=clock, record=events.append))
    return events


def test_a_fault_is_injected_and_healed_at_its_time_with_its_bites() -> None:
    stand = Stand(bites=7)
    injected, healed = played(stand, stand.planned(0.05, 0.1))
    assert isinstance(injected, FaultInjected)
    assert isinstance(healed, FaultHealed)
    assert (healed.fault, healed.bites, healed.error) == ("once-1", 7, "")
    assert injected.at_s >= 0.05
    assert healed.at_s >= 0.15
    assert stand.done == ["broken", "healed"]


def test_faults_overlap_as_planned() -> None:
    stand = Stand()
    names = [
        type(event).__name__
        for event in played(stand, stand.planned(0, 0.3), stand.planned(0.1, 0.1, number=2))
    ]
    assert names == ["FaultInjected", "FaultInjected", "FaultHealed", "FaultHealed"]


def test_a_fault_that_cannot_be_injected_is_reported_and_the_others_go_on() -> None:
    stand = Stand()
    events = played(stand, stand.planned(0, 0.1, "inject"), stand.planned(0, 0.1, number=2))
    failed = [event for event in events if isinstance(event, FaultFailed)]
    assert [(event.fault, event.error) for event in failed] == [("once-1", "the seam is gone")]
    assert stand.done == ["broken", "healed"]


def test_a_fault_that_cannot_be_healed_is_reported_with_the_reason() -> None:
    stand = Stand()
    healed = played(stand, stand.planned(0, 0.05, "heal"))[-1]
    assert isinstance(healed, FaultHealed)
    assert healed.error == "cannot heal"


def test_a_seam_that_died_counts_no_bites_and_says_so() -> None:
    stand = Stand(bites=ConnectionError("the link is gone"))
    healed = played(stand, stand.planned(0, 0.05))[-1]
    assert isinstance(healed, FaultHealed)
    assert (healed.bites, healed.error) == (0, "the link is gone")


def test_cancelling_heals_what_is_open_and_records_it() -> None:
    """As Ctrl-C does in the middle of a fault."""
    stand, events = Stand(), list[Event]()

    async def main() -> None:
        broken = asyncio.Event()

        def record(event: Event) -> None:
            events.append(event)
            broken.set()

        clock = RunClock()
        clock.start()
        task = asyncio.ensure_future(
            play([stand.planned(0, 60)], seed=1, grounds=stand, clock=clock, record=record)
        )
        await asyncio.wait_for(broken.wait(), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert stand.done == ["broken", "healed"]
    assert isinstance(events[-1], FaultHealed)


def test_a_held_fault_is_recorded_as_healed_whatever_ends_it() -> None:
    """And one that could not be injected as failed; who holds it learns why."""
    stand, events = Stand(), list[Event]()
    clock = RunClock()
    clock.start()

    async def hold(fails: str) -> None:
        fault = stand.planned(0, 60, fails).fault
        about = FaultId(fault="once-1", word="once", occurrence=1)
        async with injected(fault, stand, about, clock, events.append):
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        asyncio.run(hold(""))
    with pytest.raises(RuntimeError, match="the seam is gone"):
        asyncio.run(hold("inject"))
    assert [type(event) for event in events] == [FaultInjected, FaultHealed, FaultFailed]
    assert stand.done == ["broken", "healed"]


def test_before_the_run_begins_it_is_zero() -> None:
    clock = RunClock()
    assert clock.now_s() == 0.0
    clock.start(in_s=60)
    assert clock.now_s() == 0.0
