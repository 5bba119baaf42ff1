"""connection_reset: connections are reset under the node's hands."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import LINK_WHERE, Fault, WhereKey
from harness.seams import Seam, Seams
from harness.units import ChosenShare, Seconds


class ConnectionReset(Fault):
    """Connections are reset under the node's hands, as by a firewall that lost its state.

    Once data flows, and `after` later, the connection ends with RST. With a real Toxiproxy a
    connection that was open before ends in good order (FIN) instead.
    Seen as: `read tcp A->B: read: connection reset by peer`; a layer is not resumed.
    """

    area: ClassVar[str] = "connectivity"
    seam: ClassVar[Seam] = Seam.LINK
    example: ClassVar[str] = "{after: 100ms}"
    where_keys: ClassVar[frozenset[WhereKey]] = LINK_WHERE

    after_s: Seconds = Field(0.0, alias="after", description="from the first data to the reset")
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the link is scoped with it
        return seams.link.toxic(
            "reset_peer", {"timeout": round(self.after_s * 1000)}, share=self.share
        )
