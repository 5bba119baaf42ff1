"""What goes into a kubelet and what comes out: pods, and actions with the time they are due."""

from dataclasses import dataclass

from harness.node.settings import PullPolicy


@dataclass(frozen=True, kw_only=True)
class PodSpec:
    """A pod with one container, bound to a node. `image` is kept as written in the pod."""

    pod: str
    image: str
    pull_policy: PullPolicy = "IfNotPresent"
    container: str = "app"


@dataclass(frozen=True, kw_only=True)
class StartPull:
    """Start this pull now, and tell `pull_ended` when it is over.

    `asked_s` is the moment of the `Pulling` event, `due_s` when the pull's turn came: the
    difference is the wait for other pulls of the node.
    """

    pull_id: str
    pod: str
    image: str
    attempt: int
    asked_s: float
    due_s: float


@dataclass(frozen=True, kw_only=True)
class PullThrottled:
    """A pull that kubelet's own QPS limit refused: a failed attempt without a request."""

    pod: str
    image: str
    attempt: int
    asked_s: float
    due_s: float
    error_text: str


@dataclass(frozen=True, kw_only=True)
class PodEvent:
    """An event of the pod, as `kubectl describe` shows it."""

    pod: str
    due_s: float
    type: str  # Normal, Warning
    reason: str
    message: str


@dataclass(frozen=True, kw_only=True)
class WaitingReason:
    """The container's published `state.waiting` changed."""

    pod: str
    due_s: float
    reason: str
    message: str


@dataclass(frozen=True, kw_only=True)
class PodRunning:
    """The container started (its `Started` event)."""

    pod: str
    due_s: float


@dataclass(frozen=True, kw_only=True)
class PodReady:
    """The API shows the pod ready."""

    pod: str
    due_s: float


Action = StartPull | PullThrottled | PodEvent | WaitingReason | PodRunning | PodReady
