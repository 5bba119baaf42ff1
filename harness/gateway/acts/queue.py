"""A few requests are served at a time; the others wait in the order in which they came."""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harness.gateway.acts._behaviour import (
    ANSWER,
    JOIN,
    Behaviour,
    OwnAnswer,
    RuleContext,
    Verdict,
    error_answer,
)
from harness.gateway.request import GatewayRequest
from harness.oci.errors import ErrorCode
from harness.seams import Queue

_UNAVAILABLE = 503


class QueueBehaviour(Behaviour[Queue]):
    def __init__(self, act: Queue, context: RuleContext) -> None:
        super().__init__(act, context)
        self.turns = Turns(act.at_once)

    def decide(self, request: GatewayRequest, now_s: float) -> Verdict:
        most = self.act.waiting
        is_full = most is not None and self.turns.full and self.turns.waiting >= most
        return ANSWER if is_full else JOIN

    @asynccontextmanager
    async def place(self) -> AsyncIterator[float]:
        async with self.turns.taken():
            yield self.act.service_s

    def answer(self, request: GatewayRequest) -> OwnAnswer:
        return error_answer(_UNAVAILABLE, ErrorCode.UNAVAILABLE)

    def end(self) -> None:
        self.turns.open()


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
