"""expired_certificate: the registry's certificate has run out."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import HANDSHAKE_WHERE, Fault, WhereKey
from harness.seams import Certificate, Seam, Seams
from harness.units import ChosenShare, PositiveSeconds


class ExpiredCertificate(Fault):
    """The registry's certificate has run out: nobody renewed it in time.

    New connections are shown one that ended `ago`; open ones go on. A node goes no further than
    the handshake and does not try again within an attempt.
    Seen as: `tls: failed to verify certificate: x509: certificate has expired or is not yet valid:
    current time T is after T`.
    """

    area: ClassVar[str] = "TLS"
    seam: ClassVar[Seam] = Seam.TLS
    example: ClassVar[str] = "{ago: 1h}"
    where_keys: ClassVar[frozenset[WhereKey]] = HANDSHAKE_WHERE

    ago_s: PositiveSeconds = Field(
        3600.0, alias="ago", description="how long ago the certificate ran out"
    )
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the handshakes are scoped with it
        return seams.tls.certificate(Certificate(expired_s=self.ago_s), share=self.share)
