"""Asynchronous blocks held open by plain code."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from harness.testing.loop_thread import loop_beside


def test_one_task_enters_and_leaves() -> None:
    """A task group or a timeout must not change hands; an error in the block still leaves it."""
    seen: list[asyncio.Task[None] | None] = []

    @asynccontextmanager
    async def block() -> AsyncIterator[str]:
        async with asyncio.timeout(30):
            seen.append(asyncio.current_task())
            try:
                yield "open"
            finally:
                seen.append(asyncio.current_task())

    with loop_beside() as beside, suppress(ZeroDivisionError), beside.entered(block()) as value:
        assert value == "open"
        raise ZeroDivisionError
    assert seen[0] is seen[1] is not None


def test_what_cannot_be_entered_or_left_is_raised_here() -> None:
    """With its own exception."""

    @asynccontextmanager
    async def block(*, early: bool) -> AsyncIterator[None]:
        if early:
            raise KeyError("early")
        yield
        raise KeyError("late")

    with loop_beside() as beside:
        for early in (True, False):
            entered = beside.entered(block(early=early))
            with pytest.raises(KeyError, match="early" if early else "late"), entered:
                assert not early


def test_work_is_done_in_the_loop() -> None:
    async def three() -> int:
        await asyncio.sleep(0)
        return 3

    with loop_beside() as beside:
        assert beside.call(three()) == 3
