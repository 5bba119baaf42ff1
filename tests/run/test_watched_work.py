"""Work ends when it is done, when a part of it fails, or when a watcher stops it."""

import asyncio

import pytest

from harness.run.watched_work import run_together, run_watched


class Patient:
    """Waits for ever, and tells whether it was cancelled and could tidy up."""

    def __init__(self) -> None:
        self.healed = False

    async def wait(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.healed = True


async def done() -> None:
    await asyncio.sleep(0)


async def failed(reason: str) -> None:
    await asyncio.sleep(0)
    raise ValueError(reason)


def test_done_work_ends_its_watchers() -> None:
    """The watchers are cancelled, to their end."""
    watch = Patient()
    asyncio.run(run_watched(run_together(done(), done()), watch.wait()))
    assert watch.healed


def test_a_watcher_stops_the_work() -> None:
    """With its own error, and not before the work has tidied up."""
    work = Patient()
    with pytest.raises(ValueError, match="died"):
        asyncio.run(run_watched(run_together(work.wait(), done()), run_together(failed("died"))))
    assert work.healed


def test_a_part_that_fails_ends_the_others() -> None:
    """The error comes out of its group; the other parts and the watchers are healed first."""
    work, watch = Patient(), Patient()
    with pytest.raises(ValueError, match="broken"):
        asyncio.run(run_watched(run_together(work.wait(), failed("broken")), watch.wait()))
    assert work.healed
    assert watch.healed


def test_cancelling_ends_both() -> None:
    """As an interrupted run does."""
    work, watch = Patient(), Patient()

    async def interrupted() -> None:
        running = asyncio.create_task(run_watched(work.wait(), watch.wait()))
        await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(interrupted())
    assert work.healed
    assert watch.healed
