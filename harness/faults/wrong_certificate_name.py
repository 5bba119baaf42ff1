"""wrong_certificate_name: the certificate is somebody else's."""

from pydantic import Field

from harness.faults._fault import TlsFault
from harness.seams import Certificate, Injection, Seams

# RFC 1123, 2.1, in small letters
_HOST_NAME = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$"


class WrongCertificateName(TlsFault):
    """The certificate is for another name: another site's, or the registry's old one.

    New connections get a valid certificate for `name`, which is not the registry's.
    Seen as: `tls: failed to verify certificate: x509: certificate is valid for N, not H`.
    """

    example = "{name: old-registry.harness.test}"

    name: str = Field(
        "other.harness.test",
        pattern=_HOST_NAME,
        max_length=200,
        description="the name in the certificate",
    )

    def inject(self, seams: Seams) -> Injection:
        return seams.tls.certificate(Certificate(name=self.name), share=self.share)
