"""The harness's end of the line to a service: orders go out, each answer reaches its caller."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from harness.process.child import Child, ChildError

_Message = dict[str, Any]


class ChildGoneError(ChildError):
    """A service has ended and does nothing any more. One sentence."""


class ControlChannel:
    """Orders to the service `name`, whichever process serves now, with answers in any order.

    `on_message` has what the process says unasked; with True it is heard no more.
    """

    def __init__(
        self,
        name: str,
        *,
        timeout_s: float = 10.0,
        on_message: Callable[[_Message], object] | None = None,
    ) -> None:
        self.child: Child | None = None
        self._name = name
        self._timeout_s = timeout_s
        self._on_message = on_message
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[_Message]] = {}
        self._ended = True

    @property
    def alive(self) -> bool:
        return self.child is not None and self.child.alive and not self._ended

    async def ask(self, do: str, **fields: Any) -> _Message:
        """The answer to an order, which goes out at once: it is not lost with who waits.

        Raises ChildGoneError when the process has ended, ChildError when it refuses or is silent.
        """
        return await self.answer_to(do, await self.send(do, **fields))

    async def send(self, do: str, **fields: Any) -> asyncio.Future[_Message]:
        """What `answer_to` waits for. Raises ChildGoneError, ChildError when nothing is read."""
        if self.child is None or not self.alive:
            raise self._gone()
        number = next(self._numbers)
        answer: asyncio.Future[_Message] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        answer.add_done_callback(lambda _: self._waiting.pop(number, None))
        try:
            async with self._patience(do):
                await self.child.send({"id": number, "do": do, **fields})
        except BaseException:
            answer.cancel()
            raise
        return answer

    async def answer_to(self, do: str, sent: asyncio.Future[_Message]) -> _Message:
        """Raises ChildGoneError when the process has ended, ChildError as `ask`."""
        async with self._patience(do):
            answer = await sent
        if "error" in answer:
            raise ChildError(f"{self._name}: {answer['error']}")
        return answer

    async def hear(self, child: Child) -> None:
        """Hand the answers of `child` to those who wait, until it ends."""
        self.child, self._ended = child, False
        try:
            async for message in child.messages():
                if self._take(message):
                    return
        finally:
            self._ended = True
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(self._gone())

    @asynccontextmanager
    async def hearing(self, child: Child) -> AsyncIterator["asyncio.Task[None]"]:
        """Hear `child` until the block is left."""
        task = asyncio.ensure_future(self.hear(child))
        await asyncio.sleep(0)  # it is heard from now on
        try:
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _take(self, message: _Message) -> object:
        answer = self._waiting.get(message.get("id") or 0)
        if answer is None:
            return self._on_message and self._on_message(message)
        if not answer.done():
            answer.set_result(message)
        return None

    @asynccontextmanager
    async def _patience(self, do: str) -> AsyncIterator[None]:
        limit = f"{self._timeout_s:g} s"
        try:
            async with asyncio.timeout(self._timeout_s):  # wait_for could lose a cancel here
                yield
        except TimeoutError:
            raise ChildError(f"{self._name}: no answer to {do} within {limit}") from None

    def _gone(self) -> ChildGoneError:
        said = "" if self.child is None else self.child.tail(1)
        return ChildGoneError(f"{self._name}: its process has ended{said and f': {said}'}")
