"""firewall_drop: a firewall drops new connections."""

from harness.faults._fault import LinkFault
from harness.seams import Injection, Seams


class FirewallDrop(LinkFault):
    """A firewall drops new connections; open ones are not affected.

    SYNs are not answered, and the node's TCP sends them again after 1, 3, 7, 15 and 31 s: even
    after the removal the next try may take up to 16 s. No firewall rule is used, so no root is
    needed: the listen queue of the link is kept full, and the kernel drops what does not fit. The
    real Toxiproxy accepts every connection and cannot do this: `link: auto` uses the embedded
    link, and `link: toxiproxy` is refused.
    Seen as: `dial tcp A: i/o timeout`, 30 s after each attempt began.
    """

    exclusive = frozenset({"listener"})
    embedded_link_only = True

    def caution(self, link: str, layer_bytes: int) -> str:
        del layer_bytes
        return "is given the embedded link, not a real Toxiproxy" if link == "auto" else ""

    def inject(self, seams: Seams) -> Injection:
        return seams.link.drop_new(share=self.share)
