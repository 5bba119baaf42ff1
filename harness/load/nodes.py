"""An emulated node: kubelet's and containerd's rules in real time, and real pulls."""

from collections import deque
from collections.abc import Iterator
from typing import Final

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from gevent.pool import Group

from harness.chance import Chance
from harness.load.changed_node import ChangedNode
from harness.load.context import LoadContext
from harness.load.node_changes import PullChanges
from harness.load.node_client import IDLE_S, NodeWire
from harness.load.orders import RolloutOrder
from harness.load.pod_record import PodRecord
from harness.load.pull_rows import pull_row, throttled_row, unfinished_row
from harness.load.pull_steps import Carried, carry_out
from harness.node.actions import (
    Action,
    PodEvent,
    PodReady,
    PodSpec,
    PullThrottled,
    StartPull,
    WaitingReason,
)
from harness.node.causes import classify
from harness.node.containerd import pull
from harness.node.image_store import ContentStore
from harness.node.kubelet import Kubelet
from harness.oci.reference import parse_reference
from harness.recording.outcome import Cause, Outcome

# What a pod is in from this event on.
_ENTERED: Final = {"Pulling": "queue_s", "Pulled": "start_s"}


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
        self._orders = deque(sorted(_own_orders(node, context), key=lambda own: own[0].at_s))
        self._pods: dict[str, PodRecord] = {}
        self._waiting = 0
        self._woken = Event()
        self._pulls = Group()
        self._internal_error: BaseException | None = None  # what a pull raised that nobody expected

    def run(self) -> None:
        """Live until nothing is left to do; whatever is not ready then is unfinished."""
        context = self._context
        context.stopping.rawlink(lambda _: self._woken.set())
        try:
            while self._orders or self._waiting:
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
                self._give_up()

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
            self._context.counts.pods_created += 1
            self._pods[pod] = PodRecord(order=order, pod=pod, created_s=now_s, since_s=now_s)
            self._waiting += 1
            spec = PodSpec(pod=pod, image=order.image, pull_policy=order.pull_policy)
            self._kubelet.add_pod(now_s, spec)

    def _act(self, action: Action) -> None:
        match action:
            case StartPull():
                pulling = gevent.Greenlet(self._pull, action)
                pulling.link_exception(self._pull_broke)
                self._pulls.start(pulling)
            case PullThrottled():
                self._throttled(action)
            case PodReady():
                self._ready(action)
            case PodEvent():
                pod = self._pods[action.pod]
                if part := _ENTERED.get(action.reason):
                    pod.enter(part, action.due_s)
                if action.reason == "Pulled" and not pod.image_digest:  # the node had it already
                    pod.image_digest = self._content.digest(str(parse_reference(pod.order.image)))
                row = (action.due_s, action.pod, self._node, action.type)
                self._context.samples.add("pod_events", (*row, action.reason, action.message))
            case WaitingReason():
                row = (action.due_s, action.pod, self._node, "")
                self._context.samples.add("pod_events", (*row, action.reason, action.message))

    def _pull(self, start: StartPull) -> None:
        context, pod = self._context, self._pods[start.pod]
        pod.attempts += 1
        started_s = context.now_s()
        pod.enter("download_s", started_s)
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
            self._cut_short(start, started_s, wire.requests)
            raise
        finally:
            wire.close()
            changes.over(cause)
            self._changed.without_room()
            context.counts.requests += wire.requests
        ended_s = context.now_s()
        self._pulled(start, pod, carried, started_s, ended_s)
        self._kubelet.pull_ended(ended_s, start.pull_id, carried.result)
        self._woken.set()

    def _pull_broke(self, pulling: gevent.Greenlet) -> None:
        self._internal_error = pulling.exception
        self._woken.set()

    def _pulled(
        self, start: StartPull, pod: PodRecord, carried: Carried, started_s: float, ended_s: float
    ) -> None:
        context, result = self._context, carried.result
        pod.pulled(carried, ended_s)
        failed = result.outcome is not Outcome.OK
        context.counts.pulls_failed += failed
        context.counts.pulls_ok += not failed
        context.counts.blob_bytes += result.blob_bytes
        context.fire(
            f"pull {start.image}", ended_s - started_s, result.blob_bytes, result.error_text
        )
        row = pull_row(self._node, start, carried, started_s, ended_s)
        context.samples.add("pulls", row)

    def _cut_short(self, start: StartPull, started_s: float, requests: int) -> None:
        """The load ended during this pull."""
        row = unfinished_row(self._node, start, started_s, self._context.now_s(), requests)
        self._context.samples.add("pulls", row)

    def _throttled(self, action: PullThrottled) -> None:
        """Note a failed attempt that asked nobody: kubelet's own limit refused it."""
        pod = self._pods[action.pod]
        pod.attempts += 1
        pod.enter("backoff_s", action.due_s)
        pod.cause = classify(action.error_text)
        self._changed.throttled()
        self._context.counts.pulls_failed += 1
        self._context.samples.add("pulls", throttled_row(self._node, action, pod.cause))

    def _ready(self, action: PodReady) -> None:
        pod = self._pods.pop(action.pod)
        self._waiting -= 1
        self._context.counts.pods_ready += 1
        pod.ready_s = action.due_s
        self._record(pod, Outcome.OK, Cause.NONE, action.due_s)

    def _give_up(self) -> None:
        """The load is over: what is not ready stays in the samples as unfinished."""
        now_s = self._context.now_s()
        for pod in self._pods.values():
            self._record(pod, Outcome.UNFINISHED, pod.cause, now_s)
        self._pods.clear()
        self._waiting = 0

    def _record(self, pod: PodRecord, outcome: Outcome, cause: Cause, ended_s: float) -> None:
        """One row of `pods`: its parts add up to the time from creation to `ended_s`."""
        pod.enter(pod.part, ended_s)
        self._context.samples.add("pods", pod.row(self._node, outcome, cause, ended_s))


def _own_orders(node: str, context: LoadContext) -> Iterator[tuple[RolloutOrder, str]]:
    """The pods that are bound to `node`, with the rollout that makes them."""
    for rollout in context.orders.rollouts:
        for pod in rollout.pods:
            if pod.node == node:
                yield rollout, pod.pod
