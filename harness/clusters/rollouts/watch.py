"""Hears of the run's pods: which planned pod each one is, and what became of it."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from harness.clusters.guard import RUN_LABEL
from harness.clusters.rollouts.cluster_api import ClusterApi
from harness.clusters.rollouts.kubernetes_objects import ROLLOUT_LABEL
from harness.clusters.rollouts.pod_story import EventRow, PodStory, pod_state
from harness.load.counts import Counts
from harness.load.orders import RolloutOrder
from harness.recording.outcome import Outcome


class Watching:
    """The stories of all pods. Kubernetes names pods by itself; the plan's names go by creation.

    `nodes`: the plan's name of each Kubernetes node. `now_s` is the run's clock.
    """

    def __init__(
        self,
        rollouts: Iterable[RolloutOrder],
        nodes: Mapping[str, str],
        now_s: Callable[[], float],
        counts: Counts,
    ) -> None:
        self._orders = {order.rollout: order for order in rollouts}
        self._nodes = nodes
        self._now_s = now_s
        self._counts = counts
        self._names: dict[str, list[str]] = {
            order.rollout: [pod.pod for pod in reversed(order.pods)]
            for order in self._orders.values()
        }
        self._by_uid: dict[str, PodStory] = {}
        self._early: dict[str, list[dict[str, Any]]] = {}  # events that came before their pod
        self.changed = asyncio.Event()
        self.event_rows: list[EventRow] = []

    @property
    def stories(self) -> tuple[PodStory, ...]:
        return tuple(self._by_uid.values())

    def of(self, rollout: str) -> list[PodStory]:
        return [it for it in self._by_uid.values() if it.order.rollout == rollout]

    def is_ready(self, order: RolloutOrder) -> bool:
        """Whether every pod of this round became Ready."""
        ready = sum(story.is_ready for story in self.of(order.rollout))
        return ready >= len(order.pods)

    def is_over(self, order: RolloutOrder) -> bool:
        """Whether nothing more will come of this round."""
        over = sum(story.is_over for story in self.of(order.rollout))
        return over >= len(order.pods)

    async def hear_pods(self, api: ClusterApi) -> None:
        """Until cancelled."""
        async for change, pod in api.watch("pods"):
            self.pod_changed(change, pod)

    async def hear_events(self, api: ClusterApi) -> None:
        """Until cancelled."""
        async for change, event in api.watch("events"):
            if change != "DELETED":
                self.event_came(event)

    def pod_changed(self, change: str, pod: dict[str, Any]) -> None:
        """One version of a pod."""
        now_s, uid = self._now_s(), pod["metadata"]["uid"]
        story = self._by_uid.get(uid) or self._begin(now_s, pod)
        if story is None:
            return
        was_ready = story.is_ready
        state = pod_state(pod)
        if change == "DELETED":
            story.went(now_s)
            self._counts.slow.gone("deployment_delay", uid)
        else:
            node = self._nodes.get(state.host, "")
            self.event_rows += story.saw_pod(now_s, state, node)
        if story.is_ready and not was_ready:
            self._counts.pod_ready(uid, now_s)
        self.changed.set()

    def _begin(self, now_s: float, pod: dict[str, Any]) -> PodStory | None:
        """The story of a pod that we hear of first; None for one that nobody planned."""
        metadata = pod["metadata"]
        rollout = (metadata.get("labels") or {}).get(ROLLOUT_LABEL, "")
        order = self._orders.get(rollout)
        if order is None or RUN_LABEL not in metadata["labels"]:
            return None
        order, name = self._planned(order)
        story = PodStory(
            order=order,
            pod=name or metadata["name"],  # one that replaces another
            kubernetes_name=metadata["name"],
            created_s=now_s,
        )
        self._by_uid[metadata["uid"]] = story
        self._counts.pod_created(metadata["uid"], now_s)
        for event in self._early.pop(metadata["uid"], ()):
            self.event_came(event)
        return story

    def _planned(self, order: RolloutOrder) -> tuple[RolloutOrder, str]:
        """The next pod that is due of this round, or of a scaling of it; "" when none is."""
        now_s = self._now_s()
        scalings = (
            it
            for it in self._orders.values()
            if it.is_rolling and it.change == "scale" and it.name == order.name
        )
        for it in (order, *scalings):
            if it.at_s <= now_s and self._names[it.rollout]:
                return it, self._names[it.rollout].pop()
        return order, ""

    def event_came(self, event: dict[str, Any]) -> None:
        """One version of an event."""
        about = event.get("involvedObject") or {}
        if about.get("kind") != "Pod":
            return
        story = self._by_uid.get(about.get("uid", ""))
        if story is None:
            self._early.setdefault(about.get("uid", ""), []).append(event)
            return
        before = _endings(story)
        self.event_rows += story.saw_event(
            self._now_s(),
            uid=event["metadata"]["uid"],
            count=int(event.get("count") or 1),
            kind=event.get("type") or "",
            reason=event.get("reason") or "",
            message=event.get("message") or "",
        )
        ok, failed = (after - was for after, was in zip(_endings(story), before, strict=True))
        self._counts.pulls_ok += ok
        self._counts.pulls_failed += failed
        self.changed.set()


def _endings(story: PodStory) -> Iterator[int]:
    """How many of its pulls succeeded, and how many failed."""
    outcomes = [attempt.outcome for attempt in story.attempts]
    return iter((outcomes.count(Outcome.OK), outcomes.count(Outcome.FAILED)))
