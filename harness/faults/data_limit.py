"""data_limit: connections end in good order in the middle of a blob."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import LINK_WHERE, Fault, WhereKey
from harness.seams import Seam, Seams
from harness.units import ByteCount, ChosenShare


class DataLimit(Fault):
    """Connections end in good order after `limit` bytes, as by a proxy with a size limit.

    Seen as: nothing while each request brings bytes (a node resumes by Range); otherwise
    `short read: expected N bytes but got M: unexpected EOF`.
    """

    area: ClassVar[str] = "connectivity"
    seam: ClassVar[Seam] = Seam.LINK
    example: ClassVar[str] = "{limit: 1MB}"
    where_keys: ClassVar[frozenset[WhereKey]] = LINK_WHERE

    limit_bytes: ByteCount = Field(alias="limit", description="of each connection")
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the link is scoped with it
        return seams.link.toxic("limit_data", {"bytes": self.limit_bytes}, share=self.share)
