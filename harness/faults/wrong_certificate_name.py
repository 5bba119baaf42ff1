"""wrong_certificate_name: the certificate is somebody else's."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import HANDSHAKE_WHERE, Fault, WhereKey
from harness.seams import Certificate, Seam, Seams
from harness.units import ChosenShare

# RFC 1123, 2.1, in small letters
_HOST_NAME = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$"


class WrongCertificateName(Fault):
    """The certificate is somebody else's: another site's, or the registry's old name.

    New connections are shown a good certificate for `name`, which is not the registry's.
    Seen as: `tls: failed to verify certificate: x509: certificate is valid for N, not H`.
    """

    area: ClassVar[str] = "TLS"
    seam: ClassVar[Seam] = Seam.TLS
    example: ClassVar[str] = "{name: old-registry.harness.test}"
    where_keys: ClassVar[frozenset[WhereKey]] = HANDSHAKE_WHERE

    name: str = Field(
        "other.harness.test", pattern=_HOST_NAME, max_length=200, description="whose it is"
    )
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the handshakes are scoped with it
        return seams.tls.certificate(Certificate(name=self.name), share=self.share)
