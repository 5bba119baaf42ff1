"""data_limit: connections end in good order in the middle of a blob."""

from pydantic import Field

from harness.faults._fault import LinkFault
from harness.seams import Injection, Seams
from harness.units import ByteCount


class DataLimit(LinkFault):
    """Connections are closed cleanly after `limit` bytes, as by a proxy with a size limit.

    Seen as: nothing while each request brings bytes (a node resumes by Range); otherwise
    `short read: expected N bytes but got M: unexpected EOF`.
    """

    example = "{limit: 1MB}"

    limit_bytes: ByteCount = Field(alias="limit", description="of each connection")

    def inject(self, seams: Seams) -> Injection:
        return seams.link.toxic("limit_data", {"bytes": self.limit_bytes}, share=self.share)
