"""A simulated node: the rules of an emulated one, in virtual time."""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterable

from harness.chance import Chance
from harness.clusters.simulated.simulated_network import SimulatedNetwork
from harness.clusters.simulated.simulated_pull import carry_out_virtually
from harness.clusters.simulated.simulated_wire import IDLE_S, SimulatedWire
from harness.load.changed_node import ChangedNode
from harness.load.context import LoadContext
from harness.load.node_changes import PullChanges
from harness.load.orders import RolloutOrder
from harness.load.pod_book import PodBook
from harness.node.actions import Action, PodRunning, PodSpec, StartPull
from harness.node.containerd import pull
from harness.node.image_store import ContentStore
from harness.node.kubelet import Kubelet
from harness.recording.outcome import Cause


class SimulatedNode:
    """One node with the pods of `orders`; `on_idle` is called when it has nothing left to do."""

    def __init__(
        self,
        node: str,
        orders: Iterable[tuple[RolloutOrder, str]],
        *,
        context: LoadContext,
        network: SimulatedNetwork,
        on_idle: Callable[[], None],
    ) -> None:
        self._node = node
        self._context = context
        self._network = network
        self._on_idle = on_idle
        self._loop = asyncio.get_running_loop()
        chance = Chance(context.orders.seed, f"node {node}")
        self._kubelet = Kubelet(
            node=node,
            settings=context.orders.node_settings,
            chance=chance,
            tick_phase_s=chance.fraction("tick phase"),
        )
        self._content = ContentStore()
        self._slots = asyncio.Semaphore(context.orders.node_settings.max_concurrent_downloads)
        changed = ChangedNode(
            node=node,
            changes=context.changes,
            kubelet=self._kubelet,
            content=self._content,
            settings=context.orders.node_settings,
        )
        self._changed = changed
        context.changes.listen(node, changed.heed)
        self._orders = deque(sorted(orders, key=lambda own: own[0].at_s))
        self._book = PodBook(node=node, books=context, changed=changed)
        self._pulls: dict[asyncio.Task[None], None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._over = False

    def start(self) -> None:
        """Live from now on."""
        self._set_timer()

    async def stop(self) -> None:
        """End where it stands; whatever is not ready then is unfinished."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        for task in self._pulls:
            task.cancel()
        if self._pulls:
            await asyncio.wait(self._pulls)
        self._book.give_up(self._context.now_s())

    def _advance(self) -> None:
        self._timer = None
        if self._over:
            return
        now_s = self._context.now_s()
        self._create_pods(now_s)
        for action in self._kubelet.advance(now_s):
            self._act(action)
        if self._orders or self._book.pods:
            self._set_timer()
        else:
            self._over = True
            self._on_idle()

    def _set_timer(self) -> None:
        due_s = self._kubelet.next_due_s()
        if self._orders:
            due_s = min(due_s, self._orders[0][0].at_s)
        if self._timer is not None:
            if self._timer.when() == due_s:
                return
            self._timer.cancel()
            self._timer = None
        if due_s < math.inf:
            self._timer = self._loop.call_at(due_s, self._advance)

    def _create_pods(self, now_s: float) -> None:
        while self._orders and self._orders[0][0].at_s <= now_s:
            order, pod = self._orders.popleft()
            self._book.created(order, pod, now_s)
            spec = PodSpec(pod=pod, image=order.image, pull_policy=order.pull_policy)
            self._kubelet.add_pod(now_s, spec)

    def _act(self, action: Action) -> None:
        match action:
            case StartPull():
                task = self._loop.create_task(self._pull(action))
                self._pulls[task] = None
                task.add_done_callback(self._pull_over)
            case PodRunning():
                pass  # its event `Started` says so
            case _:
                self._book.note(action)

    def _pull_over(self, task: "asyncio.Task[None]") -> None:
        self._pulls.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._network.failed.append(error)

    async def _pull(self, start: StartPull) -> None:
        context = self._context
        started_s = context.now_s()
        self._book.pull_began(start, started_s)
        wire = SimulatedWire(
            node=self._node, network=self._network, samples=context.samples, idle_s=IDLE_S
        )
        changes = PullChanges(context.changes, self._node)
        hosts = changes.hosts_of(wire)
        rule = pull(
            start.image,
            registry_url=hosts.server,
            mirrors=hosts.mirrors,
            credentials=changes.credentials(context.credentials),
            content=self._content,
            settings=context.orders.node_settings,
        )
        cause = Cause.NONE
        try:
            carried = await carry_out_virtually(rule, wire, pull=start.pull_id, slots=self._slots)
            cause = carried.result.cause
        except BaseException:
            self._book.cut_short(start, started_s, context.now_s(), wire.requests)
            raise
        finally:
            changes.over(cause)
            self._changed.without_room()
            context.counts.requests += wire.requests
            context.counts.requests_failed += wire.requests_failed
        ended_s = context.now_s()
        self._book.pulled(start, carried, started_s, ended_s)
        self._kubelet.pull_ended(ended_s, start.pull_id, carried.result)
        self._advance()
