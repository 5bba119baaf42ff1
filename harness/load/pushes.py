"""A background client that pushes: one new blob each time."""

import hashlib
import math

from gevent.lock import BoundedSemaphore

from harness.load.context import LoadContext
from harness.load.node_client import NodeWire
from harness.load.orders import CLIENTS_NODE, PushesOrder
from harness.load.pull_steps import carry_out
from harness.load.streams import Arrival, Due, Stream
from harness.node.commands import PullResult
from harness.node.push import push
from harness.recording.outcome import Outcome

_FILLING_BYTES = 1 << 20


def push_stream(order: PushesOrder, due: Due, clients: int, context: LoadContext) -> Stream:
    """The pushes of `order` that are `due` in this process."""
    client = PushClient(order, context)
    return Stream(
        due, clients, context, carry_out=client.carry_out, never_began=client.record_unbegun
    )


class PushClient:
    """What the clients of a stream do with an arrival."""

    def __init__(self, order: PushesOrder, context: LoadContext) -> None:
        self._order = order
        self._context = context
        seed = f"{context.orders.seed} {order.name}".encode()
        self._filling = hashlib.shake_128(seed).digest(min(_FILLING_BYTES, order.blob_bytes))

    def carry_out(self, arrival: Arrival) -> None:
        """One push, on connections of its own."""
        context, order = self._context, self._order
        name = self._name(arrival)
        started_s = context.now_s()
        context.counts.late(started_s - arrival.due_s - arrival.waited_s)
        wire = NodeWire(
            node=CLIENTS_NODE,
            target=context.target,
            endpoint=context.target.endpoints[CLIENTS_NODE],
            samples=context.samples,
        )
        rule = push(
            self._blob(name),
            registry_url=wire.registry_url,
            repository=order.repository,
            credentials=context.credentials,
        )
        result = PullResult(outcome=Outcome.UNFINISHED)
        try:
            result = carry_out(rule, wire, pull=name, slots=BoundedSemaphore(1)).result
        finally:
            wire.close()
            self._record(arrival, started_s, result, wire.requests)

    def record_unbegun(self, arrival: Arrival) -> None:
        """A row for a push that was due, and for which no client was ever free."""
        self._record(arrival, math.nan, PullResult(outcome=Outcome.UNFINISHED), 0)

    def _name(self, arrival: Arrival) -> str:
        return f"{self._order.name}-{arrival.number}"

    def _record(
        self, arrival: Arrival, started_s: float, result: PullResult, requests: int
    ) -> None:
        context, repository = self._context, self._order.repository
        ended_s = context.now_s()
        context.counts.requests += requests
        if requests:
            context.fire(
                f"push {repository}", ended_s - started_s, result.blob_bytes, result.error_text
            )
        context.samples.add(
            "pushes",
            (
                self._name(arrival),
                CLIENTS_NODE,
                repository,
                arrival.due_s,
                started_s,
                ended_s,
                result.outcome.value,
                result.cause.value,
                result.error_text,
                result.blob_bytes,
                requests,
                arrival.waited_s,
            ),
        )

    def _blob(self, name: str) -> bytes:
        """New content for every push: the same filling under a label of its own."""
        size = self._order.blob_bytes
        label = hashlib.sha256(f"{self._context.orders.seed} {name}".encode()).digest()[:size]
        copies = -(-(size - len(label)) // len(self._filling))
        return label + (self._filling * copies)[: size - len(label)]
