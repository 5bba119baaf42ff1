"""Virtual time: it leaps to what is due, exactly, and says when nothing is."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from harness.clusters.simulated.virtual_loop import StandstillError, VirtualLoop
from harness.process.clock import clock_of, monotonic_s, utc_now


def lived(main: Coroutine[Any, Any, Any]) -> Any:
    """What `main` returned in virtual time that is nearly at 0."""
    loop = VirtualLoop()
    try:
        with clock_of(loop.time):
            return loop.run_until_complete(main)
    finally:
        loop.close()


def test_a_day_passes_at_once_and_to_the_exact_moment() -> None:
    """Timers fire in their order, at their times, on the clock that services go by."""
    seen: list[tuple[str, float]] = []

    def note(name: str) -> None:
        seen.append((name, monotonic_s()))

    async def main() -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(-loop.time())
        for name, at_s in (("late", 86_400.1), ("early", 0.3)):
            loop.call_at(at_s, note, name)
        await asyncio.sleep(86_401)

    lived(main())
    assert seen == [("early", 0.3), ("late", 86_400.1)]


def test_the_time_of_day_goes_on_with_it() -> None:
    """From a moment of its own, and outside it is the machine's again."""

    async def main() -> float:
        began = utc_now()
        await asyncio.sleep(7200)
        return (utc_now() - began).total_seconds()

    before = utc_now()
    assert lived(main()) == 7200
    assert utc_now() >= before


def test_what_goes_to_a_thread_is_done_at_once() -> None:
    """A thread would not know what time it is."""

    async def main() -> tuple[float, float]:
        return monotonic_s(), await asyncio.to_thread(monotonic_s)

    here, there = lived(main())
    assert here == there


def test_waiting_for_nothing_is_told_and_not_waited_for() -> None:
    """An internal error must not become a run that hangs."""

    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(StandstillError, match="stands still"):
        lived(main())
