"""slow_close: connections stay open after their last byte."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import LINK_WHERE, Fault, WhereKey
from harness.seams import Seam, Seams
from harness.units import ChosenShare, DelaySeconds


class SlowClose(Fault):
    """Connections stay open after their last byte, as behind a proxy that lingers.

    The registry's end of a connection (FIN) reaches the node `delay` late.
    Seen as: nothing, because an answer says how long it is; sockets pile up on the node, and one
    that is cut short (truncated_blob) is noticed `delay` later.
    """

    area: ClassVar[str] = "connectivity"
    seam: ClassVar[Seam] = Seam.LINK
    example: ClassVar[str] = "{delay: 2s}"
    where_keys: ClassVar[frozenset[WhereKey]] = LINK_WHERE

    delay_s: DelaySeconds = Field(alias="delay", description="how late each connection closes")
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the link is scoped with it
        return seams.link.toxic(
            "slow_close", {"delay": round(self.delay_s * 1000)}, share=self.share
        )
