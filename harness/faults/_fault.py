"""What every fault is: settings with their units, and one verb."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from harness.chance import Chance
from harness.oci.errors import STATUSES, ErrorCode, error_body
from harness.registry.profile import ProfileName, Refusal
from harness.registry.refusal import refusal as profile_refusal
from harness.seams import DnsMode, RequestKind, Respond, Seam, Seams
from harness.units import ChosenShare

WhereKey = Literal["repository", "kinds", "layers", "nodes"]

LINK_WHERE: frozenset[WhereKey] = frozenset({"nodes"})
GATEWAY_WHERE: frozenset[WhereKey] = frozenset({"repository", "kinds", "layers", "nodes"})
NODES_WHERE: frozenset[WhereKey] = frozenset({"nodes"})
HANDSHAKE_WHERE: frozenset[WhereKey] = frozenset({"nodes"})  # no request has been read yet
STORE_WHERE: frozenset[WhereKey] = frozenset({"repository", "layers"})

# What a registry asks a token for.
CHALLENGED: tuple[RequestKind, ...] = (
    RequestKind.PING,
    RequestKind.MANIFEST,
    RequestKind.BLOB,
    RequestKind.TAGS,
    RequestKind.UPLOAD,
    RequestKind.REFERRERS,
)
# What is asked of one repository by who pulls and pushes.
OF_A_REPOSITORY: tuple[RequestKind, ...] = (
    RequestKind.MANIFEST,
    RequestKind.BLOB,
    RequestKind.TAGS,
    RequestKind.UPLOAD,
)
CLOSED_PORT = 1  # tcpmux, RFC 1078: nobody listens there


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
    area: ClassVar[str]
    seam: ClassVar[Seam]  # what it bites
    example: ClassVar[str]  # YAML of its settings, as under `faults: [{<word>: ...}]`
    where_keys: ClassVar[frozenset[WhereKey]]  # what `where` may narrow
    request_kinds: ClassVar[tuple[RequestKind, ...]] = ()  # gateway faults: what they bite

    embedded_link_only: ClassVar[bool] = False  # a real Toxiproxy has no word for it

    def seams_needed(self) -> frozenset[Seam]:
        """The seams that these settings bite; the plan refuses an environment without them."""
        return frozenset({self.seam})

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
    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        """Let it go wrong until the block is left; leaving heals, whatever was raised."""


class ContentFault(Fault):
    """One that is `on: wire`, in answers to those in scope, or `on: rest`, stored so for all."""

    rest_where: ClassVar[frozenset[WhereKey]] = frozenset({"repository"})

    on: Literal["wire", "rest"] = Field("wire", description="in answers, or in the store")
    share: ChosenShare = 1.0

    def seams_needed(self) -> frozenset[Seam]:
        return frozenset({Seam.GATEWAY if self.on == "wire" else Seam.STORE})

    def where_allowed(self) -> frozenset[WhereKey]:
        return self.where_keys if self.on == "wire" else self.rest_where


class WrongAnswer(Fault):
    """One that lets the name server answer queries in scope in one wrong way."""

    area: ClassVar[str] = "DNS"
    seam: ClassVar[Seam] = Seam.RESOLVER
    example: ClassVar[str] = "{}"
    where_keys: ClassVar[frozenset[WhereKey]] = LINK_WHERE
    mode: ClassVar[DnsMode]

    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the resolver is scoped with it
        return seams.resolver.answering(self.mode, share=self.share)


def refusal(code: ErrorCode, *, behind_login: bool = True) -> Respond:
    """The registry's answer with this error, under the status that distribution gives it."""
    return Respond(
        status=STATUSES[code],
        headers=(("Content-Type", "application/json"),),
        body=error_body(code).decode(),
        behind_login=behind_login,
    )


def respond_as(words: Refusal, values: Mapping[str, Any] | None = None) -> Respond:
    """An answer in the words of a profile, with `values` filled in and no challenge."""
    error = profile_refusal(words, values)
    return Respond(status=error.status, headers=error.all_headers, body=error.body.decode())
