"""firewall_drop: a firewall drops new connections."""

from contextlib import AbstractAsyncContextManager

from harness.faults._fault import LinkFault
from harness.seams import Seams


class FirewallDrop(LinkFault):
    """A firewall drops new connections; those that are open go on.

    No SYN is answered, and a node's system sends it again after 1, 3, 7, 15 and 31 s: even after
    the heal the next try is up to 16 s away. No rule of a firewall is made, so no root is needed:
    the queue of the link's listener is kept full, and the system drops what does not fit.
    A real Toxiproxy accepts every connection and cannot do this: with `link: auto` the embedded
    link is taken, and `link: toxiproxy` is refused.
    Seen as: `dial tcp A: i/o timeout`, 30 s after each attempt began.
    """

    exclusive = frozenset({"listener"})
    embedded_link_only = True

    def caution(self, link: str, layer_bytes: int) -> str:
        del layer_bytes
        return "is given the embedded link, not a real Toxiproxy" if link == "auto" else ""

    def inject(self, seams: Seams) -> AbstractAsyncContextManager[None]:
        return seams.link.drop_new(share=self.share)
