"""The kubelet of one node, from a bound pod to a ready one, without a clock.

Rules: kubelet pkg/kubelet/images/image_manager.go, puller.go and pod_workers.go, v1.34.4.
"""

import heapq
import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from harness.chance import Chance
from harness.node import texts
from harness.node.actions import (
    Action,
    PodEvent,
    PodReady,
    PodRunning,
    PodSpec,
    PullThrottled,
    StartPull,
    WaitingReason,
)
from harness.node.backoff import Backoff
from harness.node.commands import PullResult
from harness.node.pod_times import CONTAINER_START_S, PodTimes
from harness.node.qps import TokenBucket
from harness.node.settings import NodeSettings
from harness.recording.outcome import Outcome

CONTAINER_CREATING: Final = "ContainerCreating"
ERR_IMAGE_PULL: Final = "ErrImagePull"
IMAGE_PULL_BACK_OFF: Final = "ImagePullBackOff"


class _Step(Enum):
    SYNC = auto()
    STARTED = auto()
    READY = auto()


@dataclass
class _Pod:
    spec: PodSpec
    attempt: int = 0
    syncs: int = 0
    asked_s: float = math.nan
    started_s: float = math.nan
    pleg_sync_s: float | None = None  # requested, not yet done
    error_text: str = ""
    result: tuple[str, str] = (CONTAINER_CREATING, "")  # reason and message of the last sync
    published: tuple[str, str] | None = None

    @property
    def backoff_key(self) -> str:
        return f"{self.spec.pod}_{self.spec.image}"


class Kubelet:
    """Pods and moments in, actions out.

    After each call ask `next_due_s()` again and call `advance` at that time. Every action carries
    the time it was due; a driver that comes late does not move the ticks. `images` are the image
    names, as written in pods, that the node holds; the caller may change the set.
    `missing_secrets` are the pull secrets that cannot be had: each sync says so, also in
    back-off and when the container has started.
    """

    def __init__(
        self,
        *,
        node: str,
        settings: NodeSettings,
        chance: Chance,
        tick_phase_s: float,
        images: Iterable[str] = (),
    ) -> None:
        self.node = node
        self.images = set(images)
        self.missing_secrets: tuple[str, ...] = ()
        self._settings = settings
        self._times = PodTimes(node=node, chance=chance, tick_phase_s=tick_phase_s)
        self._pods: dict[str, _Pod] = {}
        self._backoff = Backoff()
        self._bucket = TokenBucket(settings.registry_pull_qps, settings.registry_burst)
        # The serial puller's channel holds 10; who finds it full waits in order as well, so one
        # queue without a limit gives the same pulls in the same order.
        self._queue: deque[_Pod] = deque()
        self._pulling: dict[str, _Pod] = {}
        self._steps: list[tuple[float, int, _Step, str]] = []
        self._steps_made = 0
        self._actions: list[Action] = []

    def add_pod(self, now_s: float, pod: PodSpec) -> None:
        """Bind `pod` to this node. Raises ValueError for a name that is taken."""
        if pod.pod in self._pods:
            raise ValueError(f"pod {pod.pod!r}: node {self.node!r} has a pod of this name")
        self._pods[pod.pod] = _Pod(spec=pod)
        self._publish(self._pods[pod.pod], now_s)
        self._plan(now_s + self._times.sandbox_s(pod.pod), _Step.SYNC, pod.pod)

    def remove_pod(self, pod: str) -> None:
        """Forget `pod`; a pull of it goes on and its image counts."""
        gone = self._pods.pop(pod, None)
        if gone is not None:
            self._backoff.forget(gone.backoff_key)
            self._queue = deque(queued for queued in self._queue if queued is not gone)

    def limit_pulls(self, qps: int, burst: int) -> None:
        """Take these for `registryPullQPS` and `registryBurst` from now on, with a full bucket."""
        self._bucket = TokenBucket(qps, burst)

    def pull_ended(self, now_s: float, pull_id: str, result: PullResult) -> None:
        """Tell how the pull of a `StartPull` ended. Raises KeyError for one that is not on."""
        pod = self._pulling.pop(pull_id)
        if result.outcome is Outcome.OK:
            self.images.add(pod.spec.image)
            self._pulled(pod, now_s, result)
        else:
            self._failed(pod, now_s, result.error_text)
        self._start_pulls(now_s)

    def next_due_s(self) -> float:
        """When `advance` has something to do; infinity while only pulls are waited for."""
        if self._actions:
            return self._actions[0].due_s
        return self._steps[0][0] if self._steps else math.inf

    def advance(self, now_s: float) -> list[Action]:
        """Do all that is due by `now_s`, in order."""
        while self._steps and self._steps[0][0] <= now_s:
            due_s, _, step, name = heapq.heappop(self._steps)
            pod = self._pods.get(name)
            if pod is None:
                continue
            if step is _Step.SYNC:
                self._sync(pod, due_s)
            elif step is _Step.STARTED:
                self._started(pod, due_s)
            else:  # the sync that PLEG asks for when it sees the container
                self._look_for_secrets(pod, due_s)
                self._actions.append(PodReady(pod=name, due_s=due_s))
        actions, self._actions = self._actions, []
        return actions

    def _plan(self, due_s: float, step: _Step, pod: str) -> None:
        self._steps_made += 1
        heapq.heappush(self._steps, (due_s, self._steps_made, step, pod))

    def _sync(self, pod: _Pod, now_s: float) -> None:
        """One sync of a pod whose container waits: publish, then try."""
        self._publish(pod, now_s)  # what the sync before has found: always one late
        pod.syncs += 1
        self._look_for_secrets(pod, now_s)
        if pod.spec.pull_policy == "IfNotPresent" and pod.spec.image in self.images:
            self._event(pod, now_s, "Normal", "Pulled", texts.already_present(pod.spec.image))
            self._create_container(pod, now_s)
        elif self._backoff.holds(pod.backoff_key, now_s):
            self._back_off(pod, now_s)
        else:
            self._queue_pull(pod, now_s)

    def _look_for_secrets(self, pod: _Pod, now_s: float) -> None:
        """Each sync does, before it looks at containers: kubelet_pods.go, getPullSecretsForPod."""
        if self.missing_secrets:
            message = texts.missing_secrets(self.missing_secrets)
            self._event(pod, now_s, "Warning", "FailedToRetrieveImagePullSecret", message)

    def _queue_pull(self, pod: _Pod, now_s: float) -> None:
        if pod.attempt == 0:
            pod.pleg_sync_s = now_s + self._times.pleg_sync_s(pod.spec.pod)
        pod.attempt += 1
        pod.asked_s = now_s
        self._event(pod, now_s, "Normal", "Pulling", texts.pulling(pod.spec.image))
        self._queue.append(pod)
        self._start_pulls(now_s)

    def _back_off(self, pod: _Pod, now_s: float) -> None:
        image = pod.spec.image
        self._event(pod, now_s, "Normal", "BackOff", texts.back_off(image))
        self._event(pod, now_s, "Warning", "Failed", f"Error: {IMAGE_PULL_BACK_OFF}")
        pod.result = (IMAGE_PULL_BACK_OFF, texts.waiting_in_back_off(image, pod.error_text))
        self._plan_errored_sync(pod, now_s)

    def _start_pulls(self, now_s: float) -> None:
        while self._queue and len(self._pulling) < self._pulls_max():
            pod = self._queue.popleft()
            if not self._bucket.accepts(now_s):
                self._throttled(pod, now_s)
                continue
            pull_id = f"{pod.spec.pod}-{pod.attempt}"
            pod.started_s = now_s
            self._pulling[pull_id] = pod
            self._actions.append(
                StartPull(
                    pull_id=pull_id,
                    pod=pod.spec.pod,
                    image=pod.spec.image,
                    attempt=pod.attempt,
                    asked_s=pod.asked_s,
                    due_s=now_s,
                )
            )

    def _pulls_max(self) -> float:
        if self._settings.serialize_image_pulls:
            return 1
        return self._settings.max_parallel_image_pulls or math.inf

    def _throttled(self, pod: _Pod, now_s: float) -> None:
        self._actions.append(
            PullThrottled(
                pod=pod.spec.pod,
                image=pod.spec.image,
                attempt=pod.attempt,
                asked_s=pod.asked_s,
                due_s=now_s,
                error_text=texts.PULL_QPS_EXCEEDED,
            )
        )
        self._failed(pod, now_s, texts.PULL_QPS_EXCEEDED)

    def _failed(self, pod: _Pod, now_s: float, error_text: str) -> None:
        if self._pods.get(pod.spec.pod) is not pod:
            return
        message = texts.failed_to_pull(pod.spec.image, error_text)
        self._event(pod, now_s, "Warning", "Failed", message)
        self._event(pod, now_s, "Warning", "Failed", f"Error: {ERR_IMAGE_PULL}")
        pod.error_text = error_text
        pod.result = (ERR_IMAGE_PULL, error_text)
        self._backoff.failed(pod.backoff_key, now_s)
        if pod.pleg_sync_s is None:
            self._plan_errored_sync(pod, now_s)
        else:
            self._plan(max(pod.pleg_sync_s, now_s), _Step.SYNC, pod.spec.pod)
            pod.pleg_sync_s = None

    def _pulled(self, pod: _Pod, now_s: float, result: PullResult) -> None:
        if self._pods.get(pod.spec.pod) is not pod:
            return
        message = texts.pulled(
            pod.spec.image,
            pull_s=now_s - pod.started_s,
            waiting_s=now_s - pod.asked_s,
            image_bytes=result.image_bytes,
        )
        self._event(pod, now_s, "Normal", "Pulled", message)
        self._create_container(pod, now_s)

    def _create_container(self, pod: _Pod, now_s: float) -> None:
        self._plan(now_s + CONTAINER_START_S, _Step.STARTED, pod.spec.pod)

    def _started(self, pod: _Pod, now_s: float) -> None:
        name = pod.spec.container
        self._event(pod, now_s, "Normal", "Created", f"Created container: {name}")
        self._event(pod, now_s, "Normal", "Started", f"Started container {name}")
        self._actions.append(PodRunning(pod=pod.spec.pod, due_s=now_s))
        self._plan(now_s + self._times.api_delay_s(pod.spec.pod), _Step.READY, pod.spec.pod)

    def _plan_errored_sync(self, pod: _Pod, now_s: float) -> None:
        due_s = self._times.errored_sync_s(pod.spec.pod, pod.syncs, now_s)
        self._plan(due_s, _Step.SYNC, pod.spec.pod)

    def _publish(self, pod: _Pod, now_s: float) -> None:
        if pod.published == pod.result:
            return
        pod.published = pod.result
        reason, message = pod.result
        self._actions.append(
            WaitingReason(pod=pod.spec.pod, due_s=now_s, reason=reason, message=message)
        )

    def _event(self, pod: _Pod, now_s: float, kind: str, reason: str, message: str) -> None:
        self._actions.append(
            PodEvent(pod=pod.spec.pod, due_s=now_s, type=kind, reason=reason, message=message)
        )
