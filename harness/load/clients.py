"""A background client that pulls: cold, as a node that has nothing does."""

import math

from gevent.lock import BoundedSemaphore

from harness.load.context import LoadContext
from harness.load.node_changes import PullChanges
from harness.load.node_client import NodeWire
from harness.load.orders import CLIENTS_NODE, PullsOrder
from harness.load.pull_steps import Carried, carry_out
from harness.load.streams import Arrival, Due, Stream
from harness.node.containerd import pull
from harness.node.image_store import ContentStore
from harness.recording.outcome import Cause, Outcome
from harness.recording.samples import PULL_PARTS


def pull_stream(order: PullsOrder, due: Due, clients: int, context: LoadContext) -> Stream:
    """The pulls of `order` that are `due` in this process."""
    client = PullClient(order, context)
    return Stream(
        due, clients, context, carry_out=client.carry_out, never_began=client.record_unbegun
    )


class PullClient:
    """What the clients of a stream do with an arrival."""

    def __init__(self, order: PullsOrder, context: LoadContext) -> None:
        self._order = order
        self._context = context

    def carry_out(self, arrival: Arrival) -> None:
        """One cold pull, on connections of its own."""
        context = self._context
        started_s = context.now_s()
        context.counts.late(started_s - arrival.due_s - arrival.waited_s)
        wire = NodeWire(
            node=CLIENTS_NODE,
            target=context.target,
            endpoint=context.target.endpoints[CLIENTS_NODE],
            samples=context.samples,
        )
        settings = context.orders.node_settings
        changes = PullChanges(context.changes, CLIENTS_NODE)
        hosts = changes.hosts_of(wire)
        rule = pull(
            self._order.image,
            registry_url=hosts.server,
            mirrors=hosts.mirrors,
            credentials=changes.credentials(context.credentials),
            content=ContentStore(),
            settings=settings,
        )
        cause = Cause.NONE
        try:
            carried = carry_out(
                rule,
                wire,
                pull=self._name(arrival),
                slots=BoundedSemaphore(settings.max_concurrent_downloads),
            )
            cause = carried.result.cause
        except BaseException:
            self._record_unfinished(arrival, started_s, wire.requests)
            raise
        finally:
            wire.close()
            changes.over(cause)
        self._record(arrival, started_s, carried, wire.requests)

    def record_unbegun(self, arrival: Arrival) -> None:
        """A row for a pull that was due, and for which no client was ever free."""
        self._record_unfinished(arrival, math.nan, 0)

    def _name(self, arrival: Arrival) -> str:
        return f"{self._order.name}-{arrival.number}"

    def _record(self, arrival: Arrival, started_s: float, carried: Carried, requests: int) -> None:
        context, result = self._context, carried.result
        failed = result.outcome is not Outcome.OK
        context.counts.pulls_failed += failed
        context.counts.pulls_ok += not failed
        context.counts.blob_bytes += result.blob_bytes
        ended_s = context.now_s()
        context.fire(
            f"pull {self._order.image}", ended_s - started_s, result.blob_bytes, result.error_text
        )
        ending = (result.outcome.value, result.cause.value, result.error_text, result.blob_bytes)
        parts = tuple(carried.parts[part] for part in PULL_PARTS)
        self._add(arrival, started_s, ended_s, (*ending, requests), parts)

    def _record_unfinished(self, arrival: Arrival, started_s: float, requests: int) -> None:
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
        who = (self._name(arrival), "", CLIENTS_NODE, self._order.image, 1)
        queue_s = started_s - arrival.due_s
        self._context.samples.add(
            "pulls",
            (
                *(*who, started_s, ended_s, *ending, arrival.due_s, queue_s),
                *parts,
                arrival.waited_s,
            ),
        )
