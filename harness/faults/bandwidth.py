"""bandwidth: the path to the registry is narrow."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import LINK_WHERE, Fault, WhereKey
from harness.seams import Seam, Seams
from harness.units import BytesPerSecond, ChosenShare


class Bandwidth(Fault):
    """The path to the registry is narrow: each connection gets at most `rate`.

    The limit is per connection, as Toxiproxy's is: a node that fetches three layers at a time gets
    three times as much.
    Seen as: slower pulls; with no byte for 5 minutes `context canceled`.
    """

    area: ClassVar[str] = "connectivity"
    seam: ClassVar[Seam] = Seam.LINK
    example: ClassVar[str] = "{rate: 1MB/s}"
    where_keys: ClassVar[frozenset[WhereKey]] = LINK_WHERE

    bytes_per_s: BytesPerSecond = Field(alias="rate", description="of each connection")
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the link is scoped with it
        return seams.link.toxic(
            "bandwidth", {"rate": max(1, round(self.bytes_per_s / 1000))}, share=self.share
        )
