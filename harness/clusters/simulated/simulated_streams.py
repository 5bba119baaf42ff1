"""Background pulls and pushes in virtual time: an open model, as `load.streams` for real."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace

from harness.clusters.simulated.simulated_network import SimulatedNetwork
from harness.clusters.simulated.simulated_pull import carry_out_virtually
from harness.clusters.simulated.simulated_wire import SimulatedWire
from harness.load.context import LoadContext
from harness.load.node_changes import PullChanges
from harness.load.orders import CLIENTS_NODE, PullsOrder, PushesOrder, clients_max
from harness.load.stream_records import PullRecords, PushRecords
from harness.load.streams import Arrival
from harness.node.commands import PullResult
from harness.node.containerd import pull
from harness.node.image_store import ContentStore
from harness.node.push import push
from harness.recording.outcome import Cause, Outcome


class SimulatedPulls(PullRecords):
    """The clients of one stream of pulls."""

    def __init__(self, order: PullsOrder, context: LoadContext, network: SimulatedNetwork) -> None:
        super().__init__(order, context)
        self._network = network

    async def carry_out(self, arrival: Arrival) -> None:
        """One cold pull, on connections of its own."""
        context, settings = self._context, self._context.orders.node_settings
        started_s = context.now_s()
        self.began(arrival, started_s)
        wire = SimulatedWire(node=CLIENTS_NODE, network=self._network, samples=context.samples)
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
        slots = asyncio.Semaphore(settings.max_concurrent_downloads)
        cause = Cause.NONE
        try:
            carried = await carry_out_virtually(rule, wire, pull=self.name(arrival), slots=slots)
            cause = carried.result.cause
        except BaseException:
            self.record_unfinished(arrival, started_s, wire.requests)
            raise
        finally:
            changes.over(cause)
            context.counts.requests_failed += wire.requests_failed
        self.record(arrival, started_s, carried, wire.requests)


class SimulatedPushes(PushRecords):
    """The clients of one stream of pushes."""

    def __init__(self, order: PushesOrder, context: LoadContext, network: SimulatedNetwork) -> None:
        super().__init__(order, context)
        self._network = network

    async def carry_out(self, arrival: Arrival) -> None:
        """One push, on connections of its own."""
        context, name = self._context, self.name(arrival)
        started_s = context.now_s()
        wire = SimulatedWire(node=CLIENTS_NODE, network=self._network, samples=context.samples)
        rule = push(
            self.blob(name),
            registry_url=wire.registry_url,
            repository=self._order.repository,
            credentials=context.credentials,
        )
        result = PullResult(outcome=Outcome.UNFINISHED)
        try:
            slots = asyncio.Semaphore(1)
            result = (await carry_out_virtually(rule, wire, pull=name, slots=slots)).result
        finally:
            context.counts.requests_failed += wire.requests_failed
            self.record(arrival, started_s, result, wire.requests)


class SimulatedStream:
    """Starts a client for each arrival at its due time, or as soon as one is free."""

    def __init__(
        self,
        order: PullsOrder | PushesOrder,
        context: LoadContext,
        *,
        carry_out: Callable[[Arrival], Awaitable[None]],
        never_began: Callable[[Arrival], None],
    ) -> None:
        self._due = order.due_s
        self._free = clients_max(order)
        self._context = context
        self._carry_out = carry_out
        self._never_began = never_began
        self._next = 0
        self._under_way: dict[asyncio.Task[None], None] = {}
        self._client_free = asyncio.Event()

    async def run(self) -> None:
        """Start what is due until nothing is left; cancelled, record the rest."""
        try:
            await self._start_all()
            while self._under_way:
                await asyncio.wait(self._under_way)
        finally:
            for task in self._under_way:
                task.cancel()
            if self._under_way:
                await asyncio.wait(self._under_way)
            self._record_the_rest()

    async def _start_all(self) -> None:
        loop = asyncio.get_running_loop()
        busy_until_s = -math.inf  # until then every client was busy
        while self._next < len(self._due):
            due_s = self._due[self._next]
            left_s = due_s - self._context.now_s()
            if left_s > 0:
                wake = loop.create_future()
                loop.call_at(due_s, wake.set_result, None)
                await wake
            while not self._free:
                self._client_free.clear()
                await self._client_free.wait()
                busy_until_s = self._context.now_s()
            arrival = Arrival(number=self._next, due_s=due_s)
            self._next += 1
            self._free -= 1
            waited_s = max(0.0, busy_until_s - due_s)
            task = loop.create_task(self._live(replace(arrival, waited_s=waited_s)))
            self._under_way[task] = None
            task.add_done_callback(self._over)

    def _over(self, task: "asyncio.Task[None]") -> None:
        del self._under_way[task]

    async def _live(self, arrival: Arrival) -> None:
        try:
            await self._carry_out(arrival)
        finally:
            self._free += 1
            self._client_free.set()

    def _record_the_rest(self) -> None:
        """Arrivals that were due, and for which no client was free until the load ended."""
        now_s = self._context.now_s()
        for number in range(self._next, len(self._due)):
            if self._due[number] > now_s:
                return
            due_s = self._due[number]
            self._never_began(Arrival(number=number, due_s=due_s, waited_s=now_s - due_s))


def stream_of(
    order: PullsOrder | PushesOrder, context: LoadContext, network: SimulatedNetwork
) -> SimulatedStream:
    """The stream that `order` asks for."""
    client = (
        SimulatedPulls(order, context, network)
        if isinstance(order, PullsOrder)
        else SimulatedPushes(order, context, network)
    )
    return SimulatedStream(
        order, context, carry_out=client.carry_out, never_began=client.record_unbegun
    )
