"""wrong_digest_header: the registry says another digest than it has."""

from typing import Literal

from pydantic import Field

from harness.faults._fault import REPOSITORIES_WHERE, GatewayFault
from harness.seams import Injection, MislabelDigest, RequestKind, Seams


class WrongDigestHeader(GatewayFault):
    """The registry reports a wrong digest for a manifest.

    A node trusts the header Docker-Content-Digest of its HEAD and requests that digest. `says:
    another` names content that does not exist, as from an outdated cache; `says: malformed` is not
    a digest; `says: missing` omits the header, and a node sends one more GET.
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

    def inject(self, seams: Seams) -> Injection:
        return seams.gateway.rule(
            MislabelDigest(says=self.says), kinds=(RequestKind.MANIFEST,), share=self.share
        )
