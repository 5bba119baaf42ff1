"""dns_nxdomain: the registry's name does not exist."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from harness.chance import Chance
from harness.faults._fault import LINK_WHERE, Fault, WhereKey
from harness.seams import DnsMode, Seam, Seams
from harness.units import ChosenShare


class DnsNxdomain(Fault):
    """The registry's name does not exist, as after a wrong change of the zone.

    Seen as: `dial tcp: lookup H on S:53: no such host`, at once.
    """

    area: ClassVar[str] = "DNS"
    example: ClassVar[str] = "{}"
    where_keys: ClassVar[frozenset[WhereKey]] = LINK_WHERE

    share: ChosenShare = 1.0

    def seams_needed(self) -> frozenset[Seam]:
        return frozenset({Seam.RESOLVER})

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the resolver is scoped with it
        return seams.resolver.answering(DnsMode.NXDOMAIN, share=self.share)
