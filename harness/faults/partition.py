"""partition: nodes are cut off from the registry."""

from harness.faults._fault import LinkFault
from harness.seams import Injection, Seams


class Partition(LinkFault):
    """Nodes are cut off from the registry, as by a failed switch or a lost route.

    Packets are dropped in both directions without an error: open connections stall, new ones get
    no answer. After the removal the delayed data arrives, as TCP retransmits it. The real
    Toxiproxy still accepts new connections, which then get no response.
    Seen as: `dial tcp A: i/o timeout` after 30 s, on an open connection `net/http: timeout awaiting
    response headers`; a layer in progress stalls and continues after the removal.
    """

    exclusive = frozenset({"listener"})

    def inject(self, seams: Seams) -> Injection:
        return seams.link.cut_off(share=self.share)
