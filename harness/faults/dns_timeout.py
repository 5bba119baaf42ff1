"""dns_timeout: the name server does not answer."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from harness.chance import Chance
from harness.faults._fault import LINK_WHERE, Fault, WhereKey
from harness.seams import DnsMode, Seam, Seams
from harness.units import ChosenShare


class DnsTimeout(Fault):
    """The name server does not answer, as one that is down or cut off.

    A node asks twice and waits 5 s each time before the look-up fails.
    Seen as: `lookup H on S:53: read udp A->S:53: i/o timeout`.
    """

    area: ClassVar[str] = "DNS"
    example: ClassVar[str] = "{}"
    where_keys: ClassVar[frozenset[WhereKey]] = LINK_WHERE

    share: ChosenShare = 1.0

    def seams_needed(self) -> frozenset[Seam]:
        return frozenset({Seam.RESOLVER})

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the resolver is scoped with it
        return seams.resolver.answering(DnsMode.TIMEOUT, share=self.share)
