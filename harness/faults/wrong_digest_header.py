"""wrong_digest_header: the registry says another digest than it has."""

from contextlib import AbstractAsyncContextManager
from typing import Literal

from pydantic import Field

from harness.faults._fault import REPOSITORIES_WHERE, GatewayFault
from harness.seams import MislabelDigest, RequestKind, Seams


class WrongDigestHeader(GatewayFault):
    """The registry says another digest of a manifest than it has.

    A node believes the header Docker-Content-Digest of its HEAD and asks for that digest.
    `says: another` names content that is nowhere, as from a cache that is behind;
    `says: malformed` is no digest at all; `says: missing` leaves the header out, and a node helps
    itself by one GET more.
    Seen as: `failed to copy: httpReadSeeker: failed open: content at U not found: not found`, or
    `"X" in header not a valid digest: invalid checksum digest`; nothing for one that is missing.
    """

    area = "images"
    example = "{says: another}"
    where_keys = REPOSITORIES_WHERE
    request_kinds = (RequestKind.MANIFEST,)

    says: Literal["another", "malformed", "missing"] = Field(
        "another", description="what the header says"
    )

    def inject(self, seams: Seams) -> AbstractAsyncContextManager[None]:
        return seams.gateway.rule(
            MislabelDigest(says=self.says), kinds=(RequestKind.MANIFEST,), share=self.share
        )
