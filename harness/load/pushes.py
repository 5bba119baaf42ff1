"""A background client that pushes: one new blob each time."""

from gevent.lock import BoundedSemaphore

from harness.load.context import LoadContext
from harness.load.node_client import NodeWire
from harness.load.orders import CLIENTS_NODE, PushesOrder
from harness.load.pull_steps import carry_out
from harness.load.stream_records import PushRecords
from harness.load.streams import Arrival, Due, Stream
from harness.node.commands import PullResult
from harness.node.push import push
from harness.recording.outcome import Outcome


def push_stream(order: PushesOrder, due: Due, clients: int, context: LoadContext) -> Stream:
    """The pushes of `order` that are `due` in this process."""
    client = PushClient(order, context)
    return Stream(
        due, clients, context, carry_out=client.carry_out, never_began=client.record_unbegun
    )


class PushClient(PushRecords):
    """What the clients of a stream do with an arrival."""

    def carry_out(self, arrival: Arrival) -> None:
        """One push, on connections of its own."""
        context, order = self._context, self._order
        name = self.name(arrival)
        started_s = context.now_s()
        context.counts.late(started_s - arrival.due_s - arrival.waited_s)
        wire = NodeWire(
            node=CLIENTS_NODE,
            target=context.target,
            endpoint=context.target.endpoints[CLIENTS_NODE],
            samples=context.samples,
        )
        rule = push(
            self.blob(name),
            registry_url=wire.registry_url,
            repository=order.repository,
            credentials=context.credentials,
        )
        result = PullResult(outcome=Outcome.UNFINISHED)
        try:
            result = carry_out(rule, wire, pull=name, slots=BoundedSemaphore(1)).result
        finally:
            wire.close()
            context.counts.requests_failed += wire.requests_failed
            self.record(arrival, started_s, result, wire.requests)
