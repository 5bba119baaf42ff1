"""partition: nodes are cut off from the registry."""

from contextlib import AbstractAsyncContextManager

from harness.faults._fault import LinkFault
from harness.seams import Seams


class Partition(LinkFault):
    """Nodes are cut off from the registry, as by a switch that failed or a route that was lost.

    Nothing passes either way, and nobody is told: open connections stand still, new ones get no
    answer. After the heal what was held back arrives, as TCP sends again what was lost. A real
    Toxiproxy still accepts new connections, which then hear nothing.
    Seen as: `dial tcp A: i/o timeout` after 30 s, on an open connection `net/http: timeout awaiting
    response headers`; a layer under way stands still and goes on after the heal.
    """

    exclusive = frozenset({"listener"})

    def inject(self, seams: Seams) -> AbstractAsyncContextManager[None]:
        return seams.link.cut_off(share=self.share)
