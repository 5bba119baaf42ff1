"""What the load is to do: plain data that crosses to Locust as one JSON object."""

from dataclasses import dataclass
from typing import Final, Literal

from harness.node.settings import NodeSettings, PullPolicy

REGISTRY_NAME = "registry.harness.test"  # what nodes look up; .test is nobody's (RFC 6761)
# Clients that a stream without `users` makes at most: each has connections and buffers of its own.
CLIENTS_MAX: Final = 1000
# A push holds its blob in memory: no more clients than this has room for.
_PUSHED_BYTES_MAX: Final = 1 << 30
CLIENTS_NODE = "clients"  # the pseudo-node of background pull clients


@dataclass(frozen=True, kw_only=True)
class PodOrder:
    pod: str
    node: str


@dataclass(frozen=True, kw_only=True)
class RolloutOrder:
    """One round of a Deployment: all its pods are created at `at_s`.

    `change`: `template` replaces the pods of earlier rounds, `scale` adds to them. `max_surge` ""
    lets each round be a Deployment of its own, so that none takes another's pods away; else one
    Deployment is updated, with these as Kubernetes writes them (25% or 2).
    """

    rollout: str  # "app-1"
    name: str  # "app"
    round: int
    at_s: float
    image: str  # as written in the pod: registry.harness.test/app:v1
    pull_policy: PullPolicy
    pods: tuple[PodOrder, ...]
    change: Literal["template", "scale"] = "template"
    max_surge: str = ""
    max_unavailable: str = ""

    @property
    def is_rolling(self) -> bool:
        return bool(self.max_surge)

    @property
    def deployment(self) -> str:
        """The Deployment that the round belongs to."""
        return self.name if self.is_rolling else self.rollout


@dataclass(frozen=True, kw_only=True)
class PullsOrder:
    """Background clients in an open model: pull n is due at `due_s[n]`, whoever is late.

    `users`: so many clients there are; None makes them as needed.
    """

    name: str
    image: str
    users: int | None
    due_s: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class PushesOrder:
    """Background clients that push one new blob each time, in an open model."""

    name: str
    repository: str
    blob_bytes: int
    users: int | None
    due_s: tuple[float, ...]


def clients_max(stream: PullsOrder | PushesOrder) -> int:
    """How many clients `stream` has at most: its `users`, or as many as this machine can hold."""
    if stream.users is not None:
        return stream.users
    if isinstance(stream, PushesOrder):
        return max(1, min(CLIENTS_MAX, _PUSHED_BYTES_MAX // max(1, stream.blob_bytes)))
    return CLIENTS_MAX


@dataclass(frozen=True, kw_only=True)
class LoadOrders:
    """All of it. `until_s`: when pods that are still not ready are given up as unfinished.

    `slow_limits`: metrics with the seconds that `abort_when` wants to know longer ones of.
    """

    seed: int
    until_s: float
    nodes: tuple[str, ...]
    node_settings: NodeSettings
    rollouts: tuple[RolloutOrder, ...]
    pulls: tuple[PullsOrder, ...]
    pushes: tuple[PushesOrder, ...] = ()
    slow_limits: tuple[tuple[str, float], ...] = ()

    def streams(self) -> tuple[PullsOrder | PushesOrder, ...]:
        """The background clients of both kinds."""
        return (*self.pulls, *self.pushes)


@dataclass(frozen=True, kw_only=True)
class NodeEndpoint:
    """How one node reaches the registry: its own link listener and its own resolver port."""

    link_port: int
    resolver_port: int


@dataclass(frozen=True, kw_only=True)
class LoadTarget:
    """Where and as whom to pull; handed over on stdin, because it holds a secret."""

    registry_name: str  # the name that is looked up
    scheme: Literal["http", "https"]
    resolver_address: str
    endpoints: dict[str, NodeEndpoint]  # by node; also CLIENTS_NODE
    username: str
    password: str
    clock_start_s: float  # monotonic time of the run's start; the word to begin brings it
    samples_folder: str
    ca_pem: str = ""  # the only authority that nodes trust; none with http
