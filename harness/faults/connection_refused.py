"""connection_refused: nothing listens where the registry should."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from harness.chance import Chance
from harness.faults._fault import LINK_WHERE, Fault, WhereKey
from harness.seams import Seam, Seams
from harness.units import ChosenShare


class ConnectionRefused(Fault):
    """Nothing listens where the registry should be: the process is down, or the port is wrong.

    Connections are refused, and open ones end.
    Seen as: `dial tcp A: connect: connection refused`.
    """

    area: ClassVar[str] = "connectivity"
    seam: ClassVar[Seam] = Seam.LINK
    example: ClassVar[str] = "{}"
    where_keys: ClassVar[frozenset[WhereKey]] = LINK_WHERE

    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the link is scoped with it
        return seams.link.down(share=self.share)
