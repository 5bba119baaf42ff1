"""connection_reset: connections are reset under the node's hands."""

from pydantic import Field

from harness.faults._fault import LinkFault
from harness.seams import Injection, Seams
from harness.units import Seconds


class ConnectionReset(LinkFault):
    """Connections are reset in the middle of a transfer, as by a firewall that lost its state.

    `after` the first data, the connection ends with RST. With the real Toxiproxy, a connection
    that was already open is closed cleanly (FIN) instead.
    Seen as: `read tcp A->B: read: connection reset by peer`; a layer is not resumed.
    """

    example = "{after: 100ms}"

    after_s: Seconds = Field(0.0, alias="after", description="from the first data to the reset")

    def inject(self, seams: Seams) -> Injection:
        return seams.link.toxic(
            "reset_peer", {"timeout": round(self.after_s * 1000)}, share=self.share
        )
