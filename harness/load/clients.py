"""Background clients: cold pulls on a schedule, whoever is late (an open model)."""

from collections import deque

from gevent.lock import BoundedSemaphore

from harness.load.context import LoadContext
from harness.load.node_changes import PullChanges
from harness.load.node_client import NodeWire
from harness.load.orders import CLIENTS_NODE, PullsOrder, PushesOrder
from harness.load.pull_steps import Carried, carry_out
from harness.node.containerd import pull
from harness.node.image_store import ContentStore
from harness.recording.outcome import Cause, Outcome
from harness.recording.samples import PULL_PARTS

Due = deque[tuple[int, float]]  # number and time of the pulls that nobody has taken yet


def clients_of(stream: PullsOrder | PushesOrder, index: int, workers: int) -> tuple[int, Due]:
    """How many clients of `stream` worker `index` of `workers` has, and what is due for them.

    A stream with fewer clients than workers belongs to the first workers alone.
    """
    owners = min(stream.users, workers)
    if index >= owners:
        return 0, deque()
    clients = len(range(index, stream.users, owners))
    return clients, deque(list(enumerate(stream.due_s))[index::owners])


class PullClient:
    """One client; the clients of a stream take the next due pull in turn."""

    def __init__(self, order: PullsOrder, due: Due, context: LoadContext) -> None:
        self._order = order
        self._due = due
        self._context = context

    def run(self) -> None:
        """Pull until nothing is due any more or the load is over."""
        while self._due:
            number, due_s = self._due.popleft()
            if not self._context.sleep_until(due_s):
                return
            self._pull(f"{self._order.name}-{number}", due_s)

    def _pull(self, name: str, due_s: float) -> None:
        """One cold pull, as a node that has nothing makes it, on connections of its own."""
        context = self._context
        started_s = context.now_s()
        context.counts.late(started_s - due_s)
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
                rule, wire, pull=name, slots=BoundedSemaphore(settings.max_concurrent_downloads)
            )
            cause = carried.result.cause
        except BaseException:
            self._record(name, due_s, started_s, None, wire.requests)
            raise
        finally:
            wire.close()
            changes.over(cause)
        self._record(name, due_s, started_s, carried, wire.requests)

    def _record(
        self, name: str, due_s: float, started_s: float, carried: Carried | None, requests: int
    ) -> None:
        """One row of `pulls`; None is for a pull that was ended where it stood."""
        context = self._context
        ended_s = context.now_s()
        head = (name, "", CLIENTS_NODE, self._order.image, 1, started_s, ended_s)
        queue_s = started_s - due_s
        context.counts.requests += requests
        if carried is None:
            row = (
                Outcome.UNFINISHED.value,
                "",
                "",
                0,
                requests,
                due_s,
                queue_s,
                *(0.0 for _ in PULL_PARTS),
            )
            context.samples.add("pulls", (*head, *row))
            return
        result = carried.result
        failed = result.outcome is not Outcome.OK
        context.counts.pulls_failed += failed
        context.counts.pulls_ok += not failed
        context.counts.blob_bytes += result.blob_bytes
        seconds = ended_s - started_s
        context.fire(f"pull {self._order.image}", seconds, result.blob_bytes, result.error_text)
        context.samples.add(
            "pulls",
            (
                *head,
                result.outcome.value,
                result.cause.value,
                result.error_text,
                result.blob_bytes,
                requests,
                due_s,
                queue_s,
                *(carried.parts[part] for part in PULL_PARTS),
            ),
        )
