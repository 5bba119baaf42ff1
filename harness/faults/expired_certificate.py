"""expired_certificate: the registry's certificate has run out."""

from pydantic import Field

from harness.faults._fault import TlsFault
from harness.seams import Certificate, Injection, Seams
from harness.units import PositiveSeconds


class ExpiredCertificate(TlsFault):
    """The registry's certificate has expired: nobody renewed it in time.

    New connections get a certificate that expired `ago`; open ones are not affected. A node fails
    in the handshake and does not retry within an attempt.
    Seen as: `tls: failed to verify certificate: x509: certificate has expired or is not yet valid:
    current time T is after T`.
    """

    example = "{ago: 1h}"

    ago_s: PositiveSeconds = Field(
        3600.0, alias="ago", description="how long ago the certificate ran out"
    )

    def inject(self, seams: Seams) -> Injection:
        return seams.tls.certificate(Certificate(expired_s=self.ago_s), share=self.share)
