"""dns_truncated: the name server's answers do not fit into a datagram."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from harness.chance import Chance
from harness.faults._fault import LINK_WHERE, Fault, WhereKey
from harness.seams import DnsMode, Seam, Seams
from harness.units import ChosenShare


class DnsTruncated(Fault):
    """The name server's answers do not fit into a datagram, as with very many records.

    Over UDP comes an empty answer with the TC bit; over TCP the whole one. A node asks again over
    TCP at once; a client that cannot takes it for a name without addresses.
    Seen as: nothing on a node, where TCP port 53 is open: two round trips more for each look-up.
    """

    area: ClassVar[str] = "DNS"
    example: ClassVar[str] = "{}"
    where_keys: ClassVar[frozenset[WhereKey]] = LINK_WHERE

    share: ChosenShare = 1.0

    def seams_needed(self) -> frozenset[Seam]:
        return frozenset({Seam.RESOLVER})

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the resolver is scoped with it
        return seams.resolver.answering(DnsMode.TRUNCATED, share=self.share)
