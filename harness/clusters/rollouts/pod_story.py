"""One real pod by its watch and its events, timed when they arrived.

Kubernetes stores whole seconds, so times are those of hearing; the durations in the `Pulled`
message are the kubelet's own. Rules without I/O.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from harness.clusters.rollouts.pull_messages import pull_error, pulled, was_present
from harness.load.orders import RolloutOrder
from harness.node.causes import classify
from harness.recording.outcome import Cause, Outcome

_CREATING: Final = "ContainerCreating"
EventRow = tuple[float, str, str, str, str, str]  # of the table pod_events


@dataclass(kw_only=True)
class Attempt:
    """One pull of a pod. `pull_s` of pulling alone, as the kubelet says; NaN: not known."""

    number: int
    asked_s: float
    ended_s: float = math.nan
    outcome: Outcome = Outcome.UNFINISHED
    error_text: str = ""
    pull_s: float = math.nan
    image_bytes: int = 0

    @property
    def cause(self) -> Cause:
        return classify(self.error_text)


@dataclass(frozen=True, kw_only=True)
class PodState:
    """What one version of the pod says; `waiting`: reason and message of its container.

    `image_digest`: of what it runs, "" while it runs nothing.
    """

    host: str = ""
    ready: bool = False
    waiting: tuple[str, str] | None = None
    image_digest: str = ""


@dataclass(kw_only=True)
class PodStory:
    """A pod of `order` under the plan's name, from its creation to the last that was heard.

    `kubernetes_name` is what Kubernetes calls it.
    """

    order: RolloutOrder
    pod: str
    kubernetes_name: str
    created_s: float
    node: str = ""
    scheduled_s: float = math.nan
    ready_s: float = math.nan
    gone_s: float = math.nan
    present_s: float = math.nan  # when we heard that its image was on the node
    attempts: list[Attempt] = field(default_factory=list)
    image_digest: str = ""
    events_lost: int = 0
    _published: tuple[str, str] | None = None
    _counts: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def present(self) -> bool:
        return not math.isnan(self.present_s)

    @property
    def is_ready(self) -> bool:
        return not math.isnan(self.ready_s)

    @property
    def is_over(self) -> bool:
        return self.is_ready or not math.isnan(self.gone_s)

    @property
    def lacks_pull_events(self) -> bool:
        """It became Ready, but no event said where its image came from."""
        known = self.present or any(it.outcome is Outcome.OK for it in self.attempts)
        return self.is_ready and not known

    def saw_pod(self, at_s: float, state: PodState, node: str) -> Iterator[EventRow]:
        """One version of it; `node` is the plan's name of its host, "" while it has none."""
        if node and not self.node:
            self.node, self.scheduled_s = node, at_s
        if state.ready and not self.is_ready:
            self.ready_s = at_s
        self.image_digest = state.image_digest or self.image_digest
        waiting = state.waiting or ((_CREATING, "") if not state.ready and self.node else None)
        if waiting is not None and waiting != self._published and not self.is_ready:
            self._published = waiting
            yield (at_s, self.pod, self.node, "", *waiting)

    def went(self, at_s: float) -> None:
        """It was deleted."""
        if not self.is_over:
            self.gone_s = at_s

    def saw_event(
        self, at_s: float, *, uid: str, count: int, kind: str, reason: str, message: str
    ) -> Iterator[EventRow]:
        """One version of an event about it: `count` times the same was said until now."""
        known = self._counts.get((uid, message), 0)
        if count <= known:
            return
        self._counts[uid, message] = count
        self.events_lost += count - known - 1
        self._understand(at_s, reason, message)
        yield (at_s, self.pod, self.node, kind, reason, message)

    def _understand(self, at_s: float, reason: str, message: str) -> None:
        match reason:
            case "Pulling":
                self.attempts.append(Attempt(number=len(self.attempts) + 1, asked_s=at_s))
            case "Pulled":
                self._came(at_s, message)
            case "Failed":
                error = pull_error(message)
                if error is not None:
                    self._end(at_s, Outcome.FAILED, error)

    def _came(self, at_s: float, message: str) -> None:
        if was_present(message):
            self.present_s = at_s
            return
        pull = pulled(message)
        if pull is None:
            return
        attempt = self._end(at_s, Outcome.OK, "")
        attempt.pull_s, attempt.image_bytes = pull.pull_s, pull.image_bytes
        attempt.asked_s = at_s - pull.waiting_s

    def _end(self, at_s: float, outcome: Outcome, error_text: str) -> Attempt:
        """End the attempt under way; one whose begin was not heard began, for all we know, now."""
        if not self.attempts or self.attempts[-1].outcome is not Outcome.UNFINISHED:
            self.attempts.append(Attempt(number=len(self.attempts) + 1, asked_s=at_s))
        attempt = self.attempts[-1]
        attempt.ended_s, attempt.outcome, attempt.error_text = at_s, outcome, error_text
        return attempt


def pod_state(pod: dict[str, Any]) -> PodState:
    """What a pod of the API says of itself; its keys are Kubernetes' own."""
    status = pod.get("status") or {}
    ready = any(
        it.get("type") == "Ready" and it.get("status") == "True"
        for it in status.get("conditions") or ()
    )
    waiting, image_digest = None, ""
    for container in status.get("containerStatuses") or ():
        waits = (container.get("state") or {}).get("waiting")
        if waits:
            waiting = (waits.get("reason") or "", waits.get("message") or "")
        # `host/app@sha256:…`: what the tag stood for when containerd pulled it
        image_digest = (container.get("imageID") or "").rpartition("@")[2]
    host = (pod.get("spec") or {}).get("nodeName") or ""
    return PodState(host=host, ready=ready, waiting=waiting, image_digest=image_digest)
