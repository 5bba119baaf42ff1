"""Places that are taken in the order of arrival."""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """`at_once` places, until they are `open`."""

    def __init__(self, at_once: int) -> None:
        self._free: float = at_once
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._waiting)

    @property
    def full(self) -> bool:
        return self._free <= 0

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Wait for a place, and keep it until the block is left."""
        if self._free > 0:
            self._free -= 1
        else:
            await self._wait()
        try:
            yield
        finally:
            self._give_back()

    def open(self) -> None:
        """Let all who wait go on, and everybody who comes."""
        self._free = math.inf
        while self._waiting:
            self._next()

    async def _wait(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the place was given at the same moment
                self._give_back()
            else:
                self._waiting.remove(turn)
            raise

    def _give_back(self) -> None:
        if self._waiting:
            self._next()
        else:
            self._free += 1

    def _next(self) -> None:
        self._waiting.popleft().set_result(None)
