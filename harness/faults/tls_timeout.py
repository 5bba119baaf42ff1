"""tls_timeout: handshakes get no answer."""

from harness.faults._fault import TlsFault
from harness.seams import Injection, Seams


class TlsTimeout(TlsFault):
    """TLS handshakes hang: connections are accepted, and then nothing comes.

    The first message of each new connection waits until the fault is removed, as at an overloaded
    load balancer. A node gives up after 10 s and retries up to five times within one attempt, so
    less than 50 s fails no pull.
    Seen as: `net/http: TLS handshake timeout`.
    """

    def inject(self, seams: Seams) -> Injection:
        return seams.tls.held(share=self.share)
