"""unknown_authority: the certificate is of an authority that nodes do not know."""

from harness.faults._fault import TlsFault
from harness.seams import Certificate, Injection, Seams


class UnknownAuthority(TlsFault):
    """The certificate is from an authority that nodes do not trust.

    New connections get a certificate for the correct name whose issuer no node trusts, as behind a
    TLS-inspecting proxy, or with a new company CA.
    Seen as: `tls: failed to verify certificate: x509: certificate signed by unknown authority`.
    """

    def inject(self, seams: Seams) -> Injection:
        return seams.tls.certificate(Certificate(unknown_authority=True), share=self.share)
