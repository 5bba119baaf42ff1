"""The samples of background pulls and pushes, whatever clock their clients live by."""

import hashlib
import math

from harness.load.context import LoadContext
from harness.load.orders import CLIENTS_NODE, PullsOrder, PushesOrder
from harness.load.pull_parts import Carried
from harness.load.streams import Arrival
from harness.node.commands import PullResult
from harness.recording.outcome import Outcome
from harness.recording.samples import PULL_PARTS

_FILLING_BYTES = 1 << 20


class PullRecords:
    """The samples of a stream of background pulls."""

    def __init__(self, order: PullsOrder, context: LoadContext) -> None:
        self._order = order
        self._context = context

    def record_unbegun(self, arrival: Arrival) -> None:
        """A row for a pull that was due, and for which no client was ever free."""
        self.record_unfinished(arrival, math.nan, 0)

    def name(self, arrival: Arrival) -> str:
        """What its samples call it."""
        return f"{self._order.name}-{arrival.number}"

    def began(self, arrival: Arrival, started_s: float) -> None:
        """A client took it up."""
        counts, name = self._context.counts, self.name(arrival)
        counts.pull_began(name, due_s=arrival.due_s, started_s=started_s)

    def record(self, arrival: Arrival, started_s: float, carried: Carried, requests: int) -> None:
        """A pull that came to its end, well or not."""
        context, result = self._context, carried.result
        ok, ended_s = result.outcome is Outcome.OK, context.now_s()
        context.counts.pull_ended(self.name(arrival), ended_s, ok=ok, blob_bytes=result.blob_bytes)
        context.fire(
            f"pull {self._order.image}", ended_s - started_s, result.blob_bytes, result.error_text
        )
        ending = (result.outcome.value, result.cause.value, result.error_text, result.blob_bytes)
        parts = tuple(carried.parts[part] for part in PULL_PARTS)
        self._add(arrival, started_s, ended_s, (*ending, requests), parts)

    def record_unfinished(self, arrival: Arrival, started_s: float, requests: int) -> None:
        """A pull that the end of the load cut short."""
        ending = (Outcome.UNFINISHED.value, "", "", 0, requests)
        parts = tuple(0.0 for _ in PULL_PARTS)
        self._add(arrival, started_s, self._context.now_s(), ending, parts)

    def _add(
        self,
        arrival: Arrival,
        started_s: float,
        ended_s: float,
        ending: tuple[str, str, str, int, int],
        parts: tuple[float, ...],
    ) -> None:
        self._context.counts.requests += ending[-1]
        who = (self.name(arrival), "", CLIENTS_NODE, self._order.image, 1)
        queue_s = started_s - arrival.due_s
        self._context.samples.add(
            "pulls",
            (
                *(*who, started_s, ended_s, *ending, arrival.due_s, queue_s),
                *parts,
                arrival.waited_s,
            ),
        )


class PushRecords:
    """The blobs and the samples of a stream of background pushes."""

    def __init__(self, order: PushesOrder, context: LoadContext) -> None:
        self._order = order
        self._context = context
        seed = f"{context.orders.seed} {order.name}".encode()
        self._filling = hashlib.shake_128(seed).digest(min(_FILLING_BYTES, order.blob_bytes))

    def record_unbegun(self, arrival: Arrival) -> None:
        """A row for a push that was due, and for which no client was ever free."""
        self.record(arrival, math.nan, PullResult(outcome=Outcome.UNFINISHED), 0)

    def name(self, arrival: Arrival) -> str:
        """What its samples call it."""
        return f"{self._order.name}-{arrival.number}"

    def record(self, arrival: Arrival, started_s: float, result: PullResult, requests: int) -> None:
        """A push that ended, or was cut short."""
        context, repository = self._context, self._order.repository
        ended_s = context.now_s()
        context.counts.requests += requests
        context.counts.pushes_ok += result.outcome is Outcome.OK
        context.counts.pushes_failed += result.outcome is Outcome.FAILED
        if requests:
            context.fire(
                f"push {repository}", ended_s - started_s, result.blob_bytes, result.error_text
            )
        context.samples.add(
            "pushes",
            (
                self.name(arrival),
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

    def blob(self, name: str) -> bytes:
        """New content for every push: the same filling under a label of its own."""
        size = self._order.blob_bytes
        label = hashlib.sha256(f"{self._context.orders.seed} {name}".encode()).digest()[:size]
        copies = -(-(size - len(label)) // len(self._filling))
        return label + (self._filling * copies)[: size - len(label)]
