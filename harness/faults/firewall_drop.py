"""firewall_drop: a firewall drops new connections."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from harness.chance import Chance
from harness.faults._fault import LINK_WHERE, Fault, WhereKey
from harness.seams import Seam, Seams
from harness.units import ChosenShare


class FirewallDrop(Fault):
    """A firewall drops new connections; those that are open go on.

    No SYN is answered, and a node's system sends it again after 1, 3, 7, 15 and 31 s: even after
    the heal the next try is up to 16 s away. No rule of a firewall is made, so no root is needed:
    the queue of the link's listener is kept full, and the system drops what does not fit.
    A real Toxiproxy accepts every connection and cannot do this: with `link: auto` the embedded
    link is taken, and `link: toxiproxy` is refused.
    Seen as: `dial tcp A: i/o timeout`, 30 s after each attempt began.
    """

    area: ClassVar[str] = "connectivity"
    seam: ClassVar[Seam] = Seam.LINK
    example: ClassVar[str] = "{}"
    where_keys: ClassVar[frozenset[WhereKey]] = LINK_WHERE
    embedded_link_only: ClassVar[bool] = True

    share: ChosenShare = 1.0

    def caution(self, link: str, layer_bytes: int) -> str:
        del layer_bytes
        return "is given the embedded link, not a real Toxiproxy" if link == "auto" else ""

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the link is scoped with it
        return seams.link.drop_new(share=self.share)
