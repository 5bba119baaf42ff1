"""flapping_link: the path to the registry comes and goes."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import LINK_WHERE, Fault, WhereKey
from harness.seams import Seam, Seams
from harness.units import ChosenShare, DelaySeconds


class FlappingLink(Fault):
    """The path to the registry comes and goes, as with a bad cable or a restarting proxy.

    For `down` connections are refused and open ones end, for `up` all is well, and so on; it begins
    down, in all nodes in scope at once. Short turns can be worse than one long outage: each pull
    that is cut loses what it had, and goes into a longer back-off.
    Seen as: `connect: connection refused`, `unexpected EOF`, or nothing where a layer is resumed.
    """

    area: ClassVar[str] = "connectivity"
    seam: ClassVar[Seam] = Seam.LINK
    example: ClassVar[str] = "{down: 2s, up: 3s}"
    where_keys: ClassVar[frozenset[WhereKey]] = LINK_WHERE

    down_s: DelaySeconds = Field(alias="down", ge=0.1, description="at least 100ms")
    up_s: DelaySeconds = Field(alias="up", ge=0.1, description="at least 100ms")
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the link is scoped with it
        return seams.link.flapping(down_s=self.down_s, up_s=self.up_s, share=self.share)
