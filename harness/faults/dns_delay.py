"""dns_delay: the name server answers late."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import LINK_WHERE, Fault, WhereKey
from harness.seams import DnsMode, Seam, Seams
from harness.units import ChosenShare, DelaySeconds


class DnsDelay(Fault):
    """The name server answers late, as one under load.

    A node waits 5 s for an answer, then asks again, at most twice.
    Seen as: slower pulls; from 5 s on as dns_timeout.
    """

    area: ClassVar[str] = "DNS"
    seam: ClassVar[Seam] = Seam.RESOLVER
    example: ClassVar[str] = "{delay: 2s}"
    where_keys: ClassVar[frozenset[WhereKey]] = LINK_WHERE

    delay_s: DelaySeconds = Field(alias="delay", description="how late each answer comes")
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the resolver is scoped with it
        return seams.resolver.answering(
            DnsMode.DELAY, delay_ms=round(self.delay_s * 1000), share=self.share
        )
