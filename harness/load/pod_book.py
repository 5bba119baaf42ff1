"""The books of one node: its pods and pulls become samples and counts, whatever made them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from harness.load.changed_node import ChangedNode
from harness.load.counts import Counts
from harness.load.orders import RolloutOrder
from harness.load.pod_record import PodRecord
from harness.load.pull_parts import Carried
from harness.load.pull_rows import pull_row, throttled_row, unfinished_row
from harness.load.samples_file import SampleWriter
from harness.node.actions import PodEvent, PodReady, PullThrottled, StartPull, WaitingReason
from harness.node.causes import classify
from harness.oci.reference import parse_reference
from harness.recording.outcome import Cause, Outcome

# What a pod is in from this event on.
_ENTERED: Final = {"Pulling": "queue_s", "Pulled": "start_s"}


class Books(Protocol):
    """Where the books of all nodes of a process go; see `LoadContext`."""

    @property
    def samples(self) -> SampleWriter: ...
    @property
    def counts(self) -> Counts: ...
    @property
    def fire(self) -> Callable[[str, float, int, str], None]: ...


@dataclass(kw_only=True)
class PodBook:
    """One node's. `pods` are those that are not ready yet."""

    node: str
    books: Books
    changed: ChangedNode
    pods: dict[str, PodRecord] = field(default_factory=dict)

    def created(self, order: RolloutOrder, pod: str, now_s: float) -> None:
        """`pod` was created and bound."""
        self.books.counts.pod_created(pod, now_s)
        self.pods[pod] = PodRecord(order=order, pod=pod, created_s=now_s, since_s=now_s)

    def note(self, action: PodReady | PullThrottled | PodEvent | WaitingReason) -> None:
        """Something that the kubelet did."""
        match action:
            case PullThrottled():
                self._throttled(action)
            case PodReady():
                self._ready(action)
            case PodEvent():
                pod = self.pods[action.pod]
                if part := _ENTERED.get(action.reason):
                    pod.enter(part, action.due_s)
                if action.reason == "Pulled" and not pod.image_digest:  # the node had it already
                    image = str(parse_reference(pod.order.image))
                    pod.image_digest = self.changed.content.digest(image)
                self._event(action.due_s, action.pod, action.type, action.reason, action.message)
            case WaitingReason():
                self._event(action.due_s, action.pod, "", action.reason, action.message)

    def pull_began(self, start: StartPull, started_s: float) -> None:
        pod = self.pods[start.pod]
        pod.attempts += 1
        pod.enter("download_s", started_s)
        self.books.counts.pull_began(start.pull_id, due_s=start.due_s, started_s=started_s)

    def pulled(self, start: StartPull, carried: Carried, started_s: float, ended_s: float) -> None:
        """A pull came to its end, well or not."""
        result = carried.result
        self.pods[start.pod].pulled(carried, ended_s)
        ok = result.outcome is Outcome.OK
        self.books.counts.pull_ended(start.pull_id, ended_s, ok=ok, blob_bytes=result.blob_bytes)
        self.books.fire(
            f"pull {start.image}", ended_s - started_s, result.blob_bytes, result.error_text
        )
        row = pull_row(self.node, start, carried, started_s, ended_s)
        self.books.samples.add("pulls", row)

    def cut_short(self, start: StartPull, started_s: float, now_s: float, requests: int) -> None:
        """The load ended during this pull."""
        row = unfinished_row(self.node, start, started_s, now_s, requests)
        self.books.samples.add("pulls", row)

    def give_up(self, now_s: float) -> None:
        """The load is over: what is not ready stays in the samples as unfinished."""
        for pod in self.pods.values():
            self._record(pod, Outcome.UNFINISHED, pod.cause, now_s)
        self.pods.clear()

    def _throttled(self, action: PullThrottled) -> None:
        """Note a failed attempt without a request: kubelet's own limit refused it."""
        pod = self.pods[action.pod]
        pod.attempts += 1
        pod.enter("backoff_s", action.due_s)
        pod.cause = classify(action.error_text)
        self.changed.throttled()
        self.books.counts.pulls_failed += 1
        self.books.samples.add("pulls", throttled_row(self.node, action, pod.cause))

    def _ready(self, action: PodReady) -> None:
        pod = self.pods.pop(action.pod)
        self.books.counts.pod_ready(action.pod, action.due_s)
        pod.ready_s = action.due_s
        self._record(pod, Outcome.OK, Cause.NONE, action.due_s)

    def _record(self, pod: PodRecord, outcome: Outcome, cause: Cause, ended_s: float) -> None:
        """One row of `pods`: its parts add up to the time from creation to `ended_s`."""
        pod.enter(pod.part, ended_s)
        self.books.samples.add("pods", pod.row(self.node, outcome, cause, ended_s))

    def _event(self, at_s: float, pod: str, kind: str, reason: str, message: str) -> None:
        self.books.samples.add("pod_events", (at_s, pod, self.node, kind, reason, message))
