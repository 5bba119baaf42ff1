"""What every fault is: settings with their units, and one verb. One base for each seam."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from harness.registry.profile import ProfileName
from harness.seams import DnsMode, Injection, RequestKind, Seam, Seams
from harness.units import ChosenShare

WhereKey = Literal["repository", "kinds", "layers", "nodes", "first"]
Area = Literal[
    "authentication",
    "connectivity",
    "DNS",
    "images",
    "nodes",
    "performance",
    "quota",
    "repositories",
    "TLS",
    "wrong address",
]

NODES_WHERE: frozenset[WhereKey] = frozenset({"nodes"})
REQUESTS_WHERE: frozenset[WhereKey] = frozenset({"repository", "kinds", "layers", "nodes", "first"})
REPOSITORIES_WHERE: frozenset[WhereKey] = frozenset({"repository", "nodes", "first"})
STORE_WHERE: frozenset[WhereKey] = frozenset({"repository", "layers"})


class Fault(BaseModel, ABC):
    """Settings of one fault, frozen, refused at plan time when impossible.

    A setting's scenario word has no unit, because its value carries one (`delay: 200ms`); its name
    in Python says the unit (`delay_s`). The class's docstring is its catalogue entry: first line
    what goes wrong and for whom, then what happens on the wire and what a node reports
    ("Seen as: ...").
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=False, str_strip_whitespace=True
    )

    word: ClassVar[str]  # set by the catalogue from the file's name
    area: ClassVar[Area]  # its heading in the catalogue; decides nothing
    seam: ClassVar[Seam]  # what it changes
    example: ClassVar[str] = "{}"  # YAML of its settings, as under `faults: [{<word>: ...}]`
    where_keys: ClassVar[frozenset[WhereKey]] = frozenset()  # what `where` may narrow
    request_kinds: ClassVar[tuple[RequestKind, ...]] = ()  # gateway faults: what they affect
    # What it needs for itself: a whole seam by its name, or a part of one, as "listener".
    exclusive: ClassVar[frozenset[str]] = frozenset()

    # What clients must do for it to affect anything: log in at all, or ask for tokens.
    login_needed: ClassVar[Literal["", "login", "tokens"]] = ""
    embedded_link_only: ClassVar[bool] = False  # a real Toxiproxy has no word for it
    changes_nodes: ClassVar[bool] = False  # their own files and settings, not the API's objects

    @classmethod
    def setting_names(cls) -> list[str]:
        """Its settings, `share` last: what a base gives to all is of the least interest."""
        return sorted(cls.model_fields, key=lambda name: name == "share")

    @classmethod
    def key_of(cls, name: str) -> str:
        """The setting's word in a scenario: `delay` of `delay_s`."""
        return cls.model_fields[name].alias or name

    def seams_needed(self) -> frozenset[Seam]:
        """The seams that these settings bite; the plan refuses an environment without them."""
        return frozenset({self.seam})

    def excluded(self) -> frozenset[str]:
        """What no other fault may use at the same time and place under these settings."""
        return self.exclusive

    def in_words_of(self, profile: ProfileName) -> Self:
        """These settings where the registry has this profile; most faults have no words."""
        del profile
        return self

    def where_allowed(self) -> frozenset[WhereKey]:
        """What `where` may narrow under these settings."""
        return self.where_keys

    def versions_needed(self) -> int:
        """How many versions of an image one of the repositories in scope must have."""
        return 1

    def caution(self, link: str, layer_bytes: int) -> str:
        """What a reader of the plan should know of it; empty when there is nothing.

        `link`: the scenario's word for it; `layer_bytes`: the largest layer that is pulled.
        """
        del link, layer_bytes
        return ""

    @abstractmethod
    def inject(self, seams: Seams) -> Injection:
        """Let it go wrong until the block is left; leaving heals, whatever was raised.

        `seams` are scoped already: to the fault's `where`, its seeded chance and its deadline.
        """


class LinkFault(Fault):
    """One of the path between nodes and registry; `share` chooses nodes."""

    area = "connectivity"
    seam = Seam.LINK
    where_keys = NODES_WHERE

    share: ChosenShare = 1.0


class ResolverFault(Fault):
    """One of the name server, which answers a query in one way at a time."""

    area = "DNS"
    seam = Seam.RESOLVER
    where_keys = NODES_WHERE
    exclusive = frozenset({"resolver"})

    share: ChosenShare = 1.0


class WrongAnswer(ResolverFault):
    """One that lets the name server answer queries in scope in one wrong way."""

    mode: ClassVar[DnsMode]

    def inject(self, seams: Seams) -> Injection:
        return seams.resolver.answering(self.mode, share=self.share)


class TlsFault(Fault):
    """One of handshakes, before any request is read; a handshake shows one certificate, or none."""

    area = "TLS"
    seam = Seam.TLS
    where_keys = NODES_WHERE
    exclusive = frozenset({"tls"})

    share: ChosenShare = 1.0


class GatewayFault(Fault):
    """One of HTTP requests, those of `request_kinds`; `share` chooses requests."""

    seam = Seam.GATEWAY
    where_keys = REQUESTS_WHERE

    share: ChosenShare = 1.0


class StoreFault(Fault):
    """One of stored content; what is stored can be restored from one change only."""

    seam = Seam.STORE
    where_keys = STORE_WHERE
    exclusive = frozenset({"store"})


class ContentFault(Fault):
    """One that is `on: wire`, in answers to those in scope, or `on: rest`, stored so for all."""

    area: ClassVar[Area] = "images"
    where_keys = REPOSITORIES_WHERE
    rest_where: ClassVar[frozenset[WhereKey]] = frozenset({"repository"})

    on: Literal["wire", "rest"] = Field("wire", description="in answers, or in the store")
    share: ChosenShare = 1.0

    def seams_needed(self) -> frozenset[Seam]:
        return frozenset({Seam.GATEWAY if self.on == "wire" else Seam.STORE})

    def excluded(self) -> frozenset[str]:
        return StoreFault.exclusive if self.on == "rest" else frozenset()

    def where_allowed(self) -> frozenset[WhereKey]:
        return self.where_keys if self.on == "wire" else self.rest_where


class ProcessFault(Fault):
    """One of the registry's process, which is gateway, store and handshakes, too."""

    area = "performance"
    seam = Seam.PROCESS
    exclusive = frozenset({"process", "gateway", "store", "tls"})


class ClusterFault(Fault):
    """One of what the cluster holds for all its nodes; `share` chooses nodes."""

    seam = Seam.CLUSTER
    where_keys = NODES_WHERE

    share: ChosenShare = 1.0


class NodeFault(ClusterFault):
    """One of the nodes themselves, which must be the harness's to change."""

    area: ClassVar[Area] = "nodes"
    changes_nodes = True


class HostsFault(NodeFault):
    """One of hosts.toml, of which a node has one."""

    area = "wrong address"
    exclusive = frozenset({"hosts.toml"})


class CredentialsFault(ClusterFault):
    """One of the pull secret, of which a pod has one."""

    area = "authentication"
    exclusive = frozenset({"pull secret"})
    login_needed = "login"
