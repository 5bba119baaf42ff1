"""A background client that pulls: cold, as a node that has nothing does."""

from gevent.lock import BoundedSemaphore

from harness.load.context import LoadContext
from harness.load.node_changes import PullChanges
from harness.load.node_client import NodeWire
from harness.load.orders import CLIENTS_NODE, PullsOrder
from harness.load.pull_steps import carry_out
from harness.load.stream_records import PullRecords
from harness.load.streams import Arrival, Due, Stream
from harness.node.containerd import pull
from harness.node.image_store import ContentStore
from harness.recording.outcome import Cause


def pull_stream(order: PullsOrder, due: Due, clients: int, context: LoadContext) -> Stream:
    """The pulls of `order` that are `due` in this process."""
    client = PullClient(order, context)
    return Stream(
        due, clients, context, carry_out=client.carry_out, never_began=client.record_unbegun
    )


class PullClient(PullRecords):
    """What the clients of a stream do with an arrival."""

    def carry_out(self, arrival: Arrival) -> None:
        """One cold pull, on connections of its own."""
        context = self._context
        started_s = context.now_s()
        context.counts.late(started_s - arrival.due_s - arrival.waited_s)
        self.began(arrival, started_s)
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
                pull=self.name(arrival),
                slots=BoundedSemaphore(settings.max_concurrent_downloads),
            )
            cause = carried.result.cause
        except BaseException:
            self.record_unfinished(arrival, started_s, wire.requests)
            raise
        finally:
            wire.close()
            changes.over(cause)
            context.counts.requests_failed += wire.requests_failed
        self.record(arrival, started_s, carried, wire.requests)
