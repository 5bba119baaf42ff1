"""connection_timeout: connections open, but no answer comes."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import LINK_WHERE, Fault, WhereKey
from harness.seams import Seam, Seams
from harness.units import ChosenShare, Seconds


class ConnectionTimeout(Fault):
    """Connections open, but no answer comes, as through a firewall that lost its state.

    What the registry sends is dropped. `after` it went quiet the connection is closed; without it,
    nothing ends the silence but the node's own patience or the heal, which closes the connection.
    Seen as: `net/http: timeout awaiting response headers` after 30 s, or `EOF` when `after` is
    shorter; a layer under way stands still.
    """

    area: ClassVar[str] = "connectivity"
    seam: ClassVar[Seam] = Seam.LINK
    example: ClassVar[str] = "{after: 100ms}"
    where_keys: ClassVar[frozenset[WhereKey]] = LINK_WHERE

    after_s: Seconds = Field(
        0.0, alias="after", description="from the last dropped data to the close; 0s is never"
    )
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the link is scoped with it
        return seams.link.toxic(
            "timeout", {"timeout": round(self.after_s * 1000)}, share=self.share
        )
