"""Background clients that push: one new blob each time, on a schedule, whoever is late."""

import hashlib

from gevent.lock import BoundedSemaphore

from harness.load.clients import Due
from harness.load.context import LoadContext
from harness.load.node_client import NodeWire
from harness.load.orders import CLIENTS_NODE, PushesOrder
from harness.load.pull_steps import carry_out
from harness.node.commands import PullResult
from harness.node.push import push
from harness.recording.outcome import Outcome

_FILLING_BYTES = 1 << 20


class PushClient:
    """One client; the clients of a stream take the next due push in turn."""

    def __init__(self, order: PushesOrder, due: Due, context: LoadContext) -> None:
        self._order = order
        self._due = due
        self._context = context
        seed = f"{context.orders.seed} {order.name}".encode()
        self._filling = hashlib.shake_128(seed).digest(min(_FILLING_BYTES, order.blob_bytes))

    def run(self) -> None:
        """Push until nothing is due any more or the load is over."""
        while self._due:
            number, due_s = self._due.popleft()
            if not self._context.sleep_until(due_s):
                return
            self._push(f"{self._order.name}-{number}", due_s)

    def _push(self, name: str, due_s: float) -> None:
        context, order = self._context, self._order
        started_s = context.now_s()
        context.counts.late(started_s - due_s)
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
            self._record(name, due_s, started_s, result, wire.requests)

    def _record(
        self, name: str, due_s: float, started_s: float, result: PullResult, requests: int
    ) -> None:
        context, repository = self._context, self._order.repository
        ended_s = context.now_s()
        context.counts.requests += requests
        context.fire(
            f"push {repository}", ended_s - started_s, result.blob_bytes, result.error_text
        )
        context.samples.add(
            "pushes",
            (
                name,
                CLIENTS_NODE,
                repository,
                due_s,
                started_s,
                ended_s,
                result.outcome.value,
                result.cause.value,
                result.error_text,
                result.blob_bytes,
                requests,
            ),
        )

    def _blob(self, name: str) -> bytes:
        """New content for every push: the same filling under a label of its own."""
        size = self._order.blob_bytes
        label = hashlib.sha256(f"{self._context.orders.seed} {name}".encode()).digest()[:size]
        copies = -(-(size - len(label)) // len(self._filling))
        return label + (self._filling * copies)[: size - len(label)]
