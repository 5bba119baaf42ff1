"""What undoes a change is done whole, however often its caller is cancelled."""

import asyncio

import pytest

from harness.process.completion import run_to_completion


def test_work_is_done_whole_when_cancelled() -> None:
    """The cancellation is raised afterwards, however often it comes."""
    done: list[str] = []

    async def undo() -> None:
        for step in ("a", "b", "c"):
            await asyncio.sleep(0.05)
            done.append(step)

    async def main() -> None:
        undoing = asyncio.ensure_future(run_to_completion(undo()))
        for _ in range(3):
            await asyncio.sleep(0.02)
            undoing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await undoing

    asyncio.run(main())
    assert done == ["a", "b", "c"]


@pytest.mark.parametrize("cancels", [0, 2])
def test_a_failure_is_raised(cancels: int) -> None:
    """Also when the caller was cancelled meanwhile: a change that stays must be told."""
    may_fail = asyncio.Event()

    async def undo() -> None:
        await may_fail.wait()
        raise OSError("it stays")

    async def main() -> None:
        undoing = asyncio.ensure_future(run_to_completion(undo()))
        for _ in range(cancels):
            await asyncio.sleep(0)
            undoing.cancel()
            await asyncio.sleep(0)
        may_fail.set()
        with pytest.raises(OSError, match="it stays"):
            await undoing

    asyncio.run(main())


def test_the_result_is_returned() -> None:
    """As from a plain await."""
    assert asyncio.run(run_to_completion(asyncio.sleep(0, "result"))) == "result"
