"""tls_timeout: handshakes get no answer."""

from typing import Literal

from pydantic import Field

from harness.faults._fault import TlsFault
from harness.seams import Injection, Seams


class TlsTimeout(TlsFault):
    """TLS handshakes hang: connections are accepted, and then nothing comes.

    The first message of each new connection waits until the fault is removed, as at an overloaded
    load balancer. With `then: dropped` those that still wait are cut off instead of answered, as
    when that load balancer is restarted. A node gives up after 10 s and retries up to five times
    within one attempt, so less than 50 s fails no pull.
    Seen as: `net/http: TLS handshake timeout`.
    """

    then: Literal["answered", "dropped"] = Field(
        "answered", description="what becomes of handshakes that wait when it is removed"
    )

    def inject(self, seams: Seams) -> Injection:
        return seams.tls.held(drops=self.then == "dropped", share=self.share)
