"""dns_refused: the name server does not want to answer."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from harness.chance import Chance
from harness.faults._fault import LINK_WHERE, Fault, WhereKey
from harness.seams import DnsMode, Seam, Seams
from harness.units import ChosenShare


class DnsRefused(Fault):
    """The name server answers REFUSED, as one that does not serve this network.

    Seen as: `dial tcp: lookup H on S:53: server misbehaving`.
    """

    area: ClassVar[str] = "DNS"
    example: ClassVar[str] = "{}"
    where_keys: ClassVar[frozenset[WhereKey]] = LINK_WHERE

    share: ChosenShare = 1.0

    def seams_needed(self) -> frozenset[Seam]:
        return frozenset({Seam.RESOLVER})

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the resolver is scoped with it
        return seams.resolver.answering(DnsMode.REFUSED, share=self.share)
