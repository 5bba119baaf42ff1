"""The places where behaviour can be changed, as faults see them.

A fault receives a `Seams` that is already scoped: to its `where`, to its seeded chance and to its
deadline. Every change is an async context manager whose exit heals. The service behind each seam
counts the bites and keeps the deadline by itself, so that a dead harness leaves no fault.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol

from harness.acts import (
    Act,
    ConnectionLimit,
    Corrupt,
    Delay,
    Document,
    EgressQuota,
    Instead,
    MisdirectToken,
    MislabelDigest,
    OtherImage,
    Queue,
    RateLimit,
    Redirect,
    RefuseToken,
    Respond,
    SkewClock,
    Truncate,
    Watch,
)

__all__ = [
    "Act",
    "Bites",
    "Cluster",
    "ConnectionLimit",
    "Content",
    "Corrupt",
    "Delay",
    "DnsMode",
    "Document",
    "EgressQuota",
    "Gateway",
    "HostsMistake",
    "Instead",
    "Link",
    "MisdirectToken",
    "MislabelDigest",
    "OtherImage",
    "Process",
    "Queue",
    "RateLimit",
    "Redirect",
    "RefuseToken",
    "RequestKind",
    "Resolver",
    "Respond",
    "Seam",
    "Seams",
    "SkewClock",
    "Store",
    "Truncate",
    "Watch",
    "Where",
]


class Seam(StrEnum):
    """The seams by name."""

    LINK = "link"
    RESOLVER = "resolver"
    GATEWAY = "gateway"
    STORE = "store"
    TLS = "tls"
    CLUSTER = "cluster"
    PROCESS = "process"


class RequestKind(StrEnum):
    """What a registry request asks for."""

    PING = "ping"  # /v2/
    MANIFEST = "manifest"
    BLOB = "blob"
    TOKEN = "token"  # noqa: S105  not a password
    TAGS = "tags"
    UPLOAD = "upload"
    REFERRERS = "referrers"
    OTHER = "other"


Content = Literal["layers", "manifests"]


@dataclass(frozen=True, kw_only=True)
class Where:
    """The scope of a fault; empty means everywhere the fault can bite."""

    repository: str | None = None  # a glob over repository names
    kinds: tuple[RequestKind, ...] = ()
    layers: tuple[int, ...] = ()  # positions of layer blobs in their manifest, from 0
    nodes: tuple[str, ...] = ()  # names; background clients are the node "clients"


class Gateway(Protocol):
    """HTTP in front of the registry."""

    def rule(
        self,
        act: Act,
        *,
        kinds: tuple[RequestKind, ...],
        methods: tuple[str, ...] = (),
        share: float = 1.0,
        digests: tuple[str, ...] = (),
        authenticated: bool | None = None,
        by: Literal["tag", "digest"] | None = None,
        per: Literal["request", "node"] = "request",
    ) -> AbstractAsyncContextManager[None]:
        """Match requests and act on them until the block is left.

        The fault's `where` narrows the match (its `kinds` replace the default ones).
        `authenticated`: only requests with (True) or without (False) an Authorization header.
        `share` is asked of the fault's chance by method, path, node and how often this same ask
        came before, so that a retry is a new question; with `per` node it is asked once a node.
        `by`: only what is asked for by tag, or by digest.
        """
        ...

    def instead(
        self,
        other: OtherImage,
        *,
        platform: tuple[str, str] = ("linux", "amd64"),
        share: float = 1.0,
        per: Literal["request", "node"] = "request",
        alone: bool = False,
    ) -> AbstractAsyncContextManager[None]:
        """Answer requests for the tags in scope with another image; see `Instead`.

        `platform` is the one that is missing or wrong.
        """
        ...


class Link(Protocol):
    """The TCP path between nodes and gateway, one listener a node.

    `share` chooses nodes, not connections: Toxiproxy's own toxicity cannot be seeded.
    """

    def toxic(
        self,
        kind: str,
        attributes: Mapping[str, int],
        *,
        stream: Literal["upstream", "downstream"] = "downstream",
        share: float = 1.0,
    ) -> AbstractAsyncContextManager[None]:
        """Add a toxic of Toxiproxy (its words and units) to the links in scope."""
        ...

    def down(self, *, share: float = 1.0) -> AbstractAsyncContextManager[None]:
        """Close the listeners in scope: connections are refused, open ones end."""
        ...

    def flapping(
        self, *, down_s: float, up_s: float, share: float = 1.0
    ) -> AbstractAsyncContextManager[None]:
        """`down` for `down_s`, up for `up_s`, and so on until the block is left."""
        ...

    def drop_new(self, *, share: float = 1.0) -> AbstractAsyncContextManager[None]:
        """Give new connections in scope no answer at all; open ones go on. Embedded link only."""
        ...

    def cut_off(self, *, share: float = 1.0) -> AbstractAsyncContextManager[None]:
        """Let nothing pass, either way; what was sent meanwhile arrives afterwards.

        New connections get no answer from the embedded link; a real Toxiproxy accepts them.
        """
        ...


class DnsMode(StrEnum):
    """How the resolver answers for the registry's name."""

    NXDOMAIN = "nxdomain"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    TIMEOUT = "timeout"  # no answer at all
    DELAY = "delay"
    WRONG_ADDRESS = "wrong_address"
    TRUNCATED = "truncated"  # over UDP no records but the TC bit; over TCP the truth


@dataclass(frozen=True, kw_only=True)
class Turns:
    """Wrong for `wrong_s`, right for `right_s`, and so on; both above 0."""

    wrong_s: float
    right_s: float


class Resolver(Protocol):
    """The name server that the nodes ask."""

    def answering(
        self,
        mode: DnsMode,
        *,
        delay_ms: int = 0,
        address: str | None = None,
        share: float = 1.0,
        turns: Turns | None = None,
    ) -> AbstractAsyncContextManager[None]:
        """Answer queries in scope this way until the block is left; in `turns` if given."""
        ...


class Store(Protocol):
    """The registry's content at rest. `share`: of what is in scope, at least one."""

    def flipped_bytes(
        self, *, flip_bytes: int, share: float = 1.0, of: Content = "layers"
    ) -> AbstractAsyncContextManager[None]:
        """Flip bytes of stored content."""
        ...

    def cut(self, *, keep_share: float, share: float = 1.0) -> AbstractAsyncContextManager[None]:
        """Cut stored layer blobs short."""
        ...

    def missing(
        self, *, share: float = 1.0, uploaded_share: float | None = None
    ) -> AbstractAsyncContextManager[None]:
        """Lose stored layer blobs; `uploaded_share` of each lies there as an open upload."""
        ...

    def untagged(self, *, share: float = 1.0) -> AbstractAsyncContextManager[None]:
        """Remove tags; what they named stays."""
        ...

    def retagged(
        self,
        other: OtherImage,
        *,
        platform: tuple[str, str] = ("linux", "amd64"),
        share: float = 1.0,
    ) -> AbstractAsyncContextManager[None]:
        """Let tags name another image."""
        ...

    def renamed(self, *, suffix: str | None) -> AbstractAsyncContextManager[None]:
        """Give repositories another name, their own and `suffix`; None: they are gone."""
        ...

    def cleaned(
        self, *, keep: int, of: Literal["tags", "manifests", "blobs"]
    ) -> AbstractAsyncContextManager[None]:
        """Delete all but the latest `keep` versions of each repository.

        `manifests` takes what the tags name with them, `blobs` also what no manifest needs then.
        """
        ...


class HostsMistake(StrEnum):
    """What is wrong in a node's hosts.toml, which containerd reads at each pull.

    The first three stand in the registry's place; the others are mirrors before it, which
    containerd asks first, at each request.
    """

    WRONG_HOST = "wrong_host"  # a name that nobody has
    WRONG_PORT = "wrong_port"  # where nobody listens
    WRONG_PATH = "wrong_path"  # the registry, below a path where it holds nothing
    MIRROR_WITHOUT_CONTENT = "mirror_without_content"  # answers 404 to everything
    MIRROR_REFUSES = "mirror_refuses"  # connections are refused
    MIRROR_DROPS = "mirror_drops"  # connections get no answer at all


class Cluster(Protocol):
    """The nodes that pull, and what Kubernetes gives them.

    `share` chooses nodes. Background clients are the node "clients" for what is read at each pull
    (`hosts`, `credentials`); they have no kubelet, keep no image and fill no disk.
    """

    def hosts(
        self, mistake: HostsMistake, *, share: float = 1.0
    ) -> AbstractAsyncContextManager[None]:
        """Put `mistake` into the hosts.toml of the nodes in scope.

        Bites: requests that went to the wrong place.
        """
        ...

    def credentials(
        self, state: Literal["wrong", "missing"], *, share: float = 1.0
    ) -> AbstractAsyncContextManager[None]:
        """Let the pull secret hold a wrong password, or be absent, for the nodes in scope.

        On real nodes a secret belongs to a namespace, not to a node: `share` and `where.nodes`
        are refused there. Bites: pulls that were refused for it.
        """
        ...

    def remove_images(self, *, share: float = 1.0) -> AbstractAsyncContextManager[None]:
        """Remove the images of the repository in scope from the nodes, once; the next pod pulls.

        Bites: images removed, each counted once a node.
        """
        ...

    def fill_disk(
        self, *, free_bytes: int, share: float = 1.0
    ) -> AbstractAsyncContextManager[None]:
        """Leave `free_bytes` for images on the nodes until the block is left.

        Bites: downloads that found no room.
        """
        ...

    def pull_qps(
        self, *, qps: int, burst: int, share: float = 1.0
    ) -> AbstractAsyncContextManager[None]:
        """Lower kubelet's `registryPullQPS` and `registryBurst`. Bites: attempts it refused."""
        ...


class Process(Protocol):
    """The process that serves as the registry, gateway and all."""

    def crashed(self) -> AbstractAsyncContextManager[None]:
        """Kill it; start it again with its ports and content when the block is left."""
        ...

    def paused(self) -> AbstractAsyncContextManager[None]:
        """Stop it (SIGSTOP) and let it go on afterwards.

        What is stopped cannot keep a deadline: if the harness is killed, `recover` lets it go on.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate for the registry: without settings a good one.

    `expired_s`: how long ago it ran out; `name`: whose it is instead of the registry's.
    """

    expired_s: float | None = None
    name: str = ""
    unknown_authority: bool = False


class Tls(Protocol):
    """The TLS handshakes of new connections with the gateway.

    `share` is asked of the fault's chance by node and how many connections it made before.
    """

    def certificate(
        self, wanted: Certificate, *, share: float = 1.0
    ) -> AbstractAsyncContextManager[None]:
        """Show `wanted` instead of the registry's own certificate until the block is left."""
        ...

    def held(self, *, share: float = 1.0) -> AbstractAsyncContextManager[None]:
        """Leave the client's first message without an answer until the block is left."""
        ...


@dataclass(frozen=True, kw_only=True)
class Seams:
    """All that a fault may touch, scoped for it."""

    link: Link
    resolver: Resolver
    gateway: Gateway
    store: Store
    cluster: Cluster
    tls: Tls
    process: Process


@dataclass(frozen=True, kw_only=True)
class Bites:
    """What a scoped seam saw: None where the seam cannot count (a real Toxiproxy)."""

    count: int | None
    details: Mapping[str, Any] = field(default_factory=dict)
