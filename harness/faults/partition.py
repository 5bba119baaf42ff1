"""partition: nodes are cut off from the registry."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from harness.chance import Chance
from harness.faults._fault import LINK_WHERE, Fault, WhereKey
from harness.seams import Seam, Seams
from harness.units import ChosenShare


class Partition(Fault):
    """Nodes are cut off from the registry, as by a switch that failed or a route that was lost.

    Nothing passes either way, and nobody is told: open connections stand still, new ones get no
    answer. After the heal what was held back arrives, as TCP sends again what was lost. A real
    Toxiproxy still accepts new connections, which then hear nothing.
    Seen as: `dial tcp A: i/o timeout` after 30 s, on an open connection `net/http: timeout awaiting
    response headers`; a layer under way stands still and goes on after the heal.
    """

    area: ClassVar[str] = "connectivity"
    seam: ClassVar[Seam] = Seam.LINK
    example: ClassVar[str] = "{}"
    where_keys: ClassVar[frozenset[WhereKey]] = LINK_WHERE

    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the link is scoped with it
        return seams.link.cut_off(share=self.share)
