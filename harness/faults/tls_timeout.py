"""tls_timeout: handshakes get no answer."""

from contextlib import AbstractAsyncContextManager

from harness.faults._fault import TlsFault
from harness.seams import Seams


class TlsTimeout(TlsFault):
    """TLS handshakes get no answer: connections open, and then nothing comes.

    The first message of each new connection waits until the fault heals, as at a balancer that
    is overloaded. A node gives up after 10 s and tries up to five times within one attempt, so
    that less than 50 s fail no pull.
    Seen as: `net/http: TLS handshake timeout`.
    """

    def inject(self, seams: Seams) -> AbstractAsyncContextManager[None]:
        return seams.tls.held(share=self.share)
