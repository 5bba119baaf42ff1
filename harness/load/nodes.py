"""An emulated node: kubelet's and containerd's rules in real time, and real pulls."""

from collections import deque
from collections.abc import Iterator

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from gevent.pool import Group

from harness.chance import Chance
from harness.load.changed_node import ChangedNode
from harness.load.context import LoadContext
from harness.load.node_changes import PullChanges
from harness.load.node_client import IDLE_S, NodeWire
from harness.load.orders import LoadOrders, RolloutOrder
from harness.load.pod_book import PodBook
from harness.load.pull_steps import carry_out
from harness.node.actions import Action, PodRunning, PodSpec, StartPull
from harness.node.containerd import pull
from harness.node.image_store import ContentStore
from harness.node.kubelet import Kubelet
from harness.recording.outcome import Cause


class EmulatedNode:
    """One node. `run` returns when all its pods are ready, or the load is over.

    It raises what a pull raised: an internal error must not pass for a pod that never became ready.
    """

    def __init__(self, node: str, context: LoadContext) -> None:
        self._node = node
        self._context = context
        chance = Chance(context.orders.seed, f"node {node}")
        self._kubelet = Kubelet(
            node=node,
            settings=context.orders.node_settings,
            chance=chance,
            tick_phase_s=chance.fraction("tick phase"),
        )
        self._content = ContentStore()
        self._slots = BoundedSemaphore(context.orders.node_settings.max_concurrent_downloads)
        self._changed = ChangedNode(
            node=node,
            changes=context.changes,
            kubelet=self._kubelet,
            content=self._content,
            settings=context.orders.node_settings,
        )
        context.changes.listen(node, self._changed.heed)
        self._orders = deque(sorted(own_orders(node, context.orders), key=lambda own: own[0].at_s))
        self._book = PodBook(node=node, books=context, changed=self._changed)
        self._woken = Event()
        self._pulls = Group()
        self._internal_error: BaseException | None = None  # what a pull raised that nobody expected

    def run(self) -> None:
        """Live until nothing is left to do; whatever is not ready then is unfinished."""
        context = self._context
        context.stopping.rawlink(lambda _: self._woken.set())
        try:
            while self._orders or self._book.pods:
                self._wait()
                if self._internal_error is not None:
                    raise self._internal_error
                now_s = context.now_s()
                if context.stopping.is_set() or now_s >= context.orders.until_s:
                    break
                self._create_pods(now_s)
                actions = self._kubelet.advance(now_s)
                if actions:
                    context.counts.late(now_s - actions[0].due_s)
                for action in actions:
                    self._act(action)
        finally:
            try:
                self._pulls.kill()
            finally:  # this node may be killed while it waits for its pulls to end
                self._book.give_up(self._context.now_s())

    def _wait(self) -> None:
        """Sleep until something is due: a node in back-off costs one timer."""
        due_s = min(self._kubelet.next_due_s(), self._context.orders.until_s)
        if self._orders:
            due_s = min(due_s, self._orders[0][0].at_s)
        if self._woken.wait(max(0.0, due_s - self._context.now_s())):
            self._woken.clear()

    def _create_pods(self, now_s: float) -> None:
        while self._orders and self._orders[0][0].at_s <= now_s:
            order, pod = self._orders.popleft()
            self._context.counts.late(now_s - order.at_s)
            self._book.created(order, pod, now_s)
            spec = PodSpec(pod=pod, image=order.image, pull_policy=order.pull_policy)
            self._kubelet.add_pod(now_s, spec)

    def _act(self, action: Action) -> None:
        match action:
            case StartPull():
                pulling = gevent.Greenlet(self._pull, action)
                pulling.link_exception(self._pull_broke)
                self._pulls.start(pulling)
            case PodRunning():
                pass  # its event `Started` says so
            case _:
                self._book.note(action)

    def _pull(self, start: StartPull) -> None:
        context = self._context
        started_s = context.now_s()
        self._book.pull_began(start, started_s)
        wire = NodeWire(
            node=self._node,
            target=context.target,
            endpoint=context.target.endpoints[self._node],
            samples=context.samples,
            idle_s=IDLE_S,
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
            carried = carry_out(rule, wire, pull=start.pull_id, slots=self._slots)
            cause = carried.result.cause
        except BaseException:
            self._book.cut_short(start, started_s, context.now_s(), wire.requests)
            raise
        finally:
            wire.close()
            changes.over(cause)
            self._changed.without_room()
            context.counts.requests += wire.requests
            context.counts.requests_failed += wire.requests_failed
        ended_s = context.now_s()
        self._book.pulled(start, carried, started_s, ended_s)
        self._kubelet.pull_ended(ended_s, start.pull_id, carried.result)
        self._woken.set()

    def _pull_broke(self, pulling: gevent.Greenlet) -> None:
        self._internal_error = pulling.exception
        self._woken.set()


def own_orders(node: str, orders: LoadOrders) -> Iterator[tuple[RolloutOrder, str]]:
    """The pods that are bound to `node`, with the rollout that makes them."""
    for rollout in orders.rollouts:
        for pod in rollout.pods:
            if pod.node == node:
                yield rollout, pod.pod
