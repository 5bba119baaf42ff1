"""unknown_authority: the certificate is of an authority that nodes do not know."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from harness.chance import Chance
from harness.faults._fault import HANDSHAKE_WHERE, Fault, WhereKey
from harness.seams import Certificate, Seam, Seams
from harness.units import ChosenShare


class UnknownAuthority(Fault):
    """The certificate is of an authority that nodes do not know.

    New connections are shown a certificate for the right name whose issuer no node trusts, as
    when a proxy opens TLS on the way, or the company has a new CA.
    Seen as: `tls: failed to verify certificate: x509: certificate signed by unknown authority`.
    """

    area: ClassVar[str] = "TLS"
    seam: ClassVar[Seam] = Seam.TLS
    example: ClassVar[str] = "{}"
    where_keys: ClassVar[frozenset[WhereKey]] = HANDSHAKE_WHERE

    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the handshakes are scoped with it
        return seams.tls.certificate(Certificate(unknown_authority=True), share=self.share)
