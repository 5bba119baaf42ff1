"""wrong_digest_header: the registry says another digest than it has."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar, Literal

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import Fault, WhereKey
from harness.seams import MislabelDigest, RequestKind, Seam, Seams
from harness.units import ChosenShare


class WrongDigestHeader(Fault):
    """The registry says another digest of a manifest than it has.

    A node believes the header Docker-Content-Digest of its HEAD and asks for that digest.
    `says: another` names content that is nowhere, as from a cache that is behind;
    `says: malformed` is no digest at all; `says: missing` leaves the header out, and a node helps
    itself by one GET more.
    Seen as: `failed to copy: httpReadSeeker: failed open: content at U not found: not found`, or
    `"X" in header not a valid digest: invalid checksum digest`; nothing for one that is missing.
    """

    area: ClassVar[str] = "images"
    seam: ClassVar[Seam] = Seam.GATEWAY
    example: ClassVar[str] = "{says: another}"
    where_keys: ClassVar[frozenset[WhereKey]] = frozenset({"repository", "nodes"})
    request_kinds: ClassVar[tuple[RequestKind, ...]] = (RequestKind.MANIFEST,)

    says: Literal["another", "malformed", "missing"] = Field(
        "another", description="what the header says"
    )
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the seams are scoped with it
        return seams.gateway.rule(
            MislabelDigest(says=self.says), kinds=(RequestKind.MANIFEST,), share=self.share
        )
