"""tls_timeout: handshakes get no answer."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from harness.chance import Chance
from harness.faults._fault import HANDSHAKE_WHERE, Fault, WhereKey
from harness.seams import Seam, Seams
from harness.units import ChosenShare


class TlsTimeout(Fault):
    """TLS handshakes get no answer: connections open, and then nothing comes.

    The first message of each new connection waits until the fault heals, as at a balancer that
    is overloaded. A node gives up after 10 s and tries up to five times within one attempt, so
    that less than 50 s fail no pull.
    Seen as: `net/http: TLS handshake timeout`.
    """

    area: ClassVar[str] = "TLS"
    seam: ClassVar[Seam] = Seam.TLS
    example: ClassVar[str] = "{}"
    where_keys: ClassVar[frozenset[WhereKey]] = HANDSHAKE_WHERE

    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the handshakes are scoped with it
        return seams.tls.held(share=self.share)
