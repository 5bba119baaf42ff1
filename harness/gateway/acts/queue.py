"""A few requests are served at a time; the others wait in the order in which they came."""

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
from harness.gateway.turns import Turns
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
