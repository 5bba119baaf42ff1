"""An event loop in a thread of its own, so that plain tests can hold asynchronous blocks open."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class LoopBeside:
    """The loop. Services end with the thread that started them, so it lives as long as they do."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` to its end and give its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    @contextmanager
    def entered(self, manager: AbstractAsyncContextManager[T]) -> Iterator[T]:
        """Hold `manager` open until the block is left; one task enters and leaves it."""
        ready: Future[T] = Future()
        leave = asyncio.Event()

        async def hold() -> None:
            try:
                async with manager as value:
                    ready.set_result(value)
                    await leave.wait()
            except BaseException as error:
                if ready.done():
                    raise
                ready.set_exception(error)

        held = asyncio.run_coroutine_threadsafe(hold(), self._loop)
        try:
            yield ready.result()
        except BaseException:
            if not ready.done():  # interrupted while it was being entered
                held.cancel()
            raise
        finally:
            self._loop.call_soon_threadsafe(leave.set)
            if not held.cancelled():
                held.result()


@contextmanager
def loop_beside() -> Iterator[LoopBeside]:
    """A loop that runs until the block is left."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="registry_lab", daemon=True)
    thread.start()
    try:
        yield LoopBeside(loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
