"""shared_bandwidth: everything that the registry sends has to go through one narrow line."""

from pydantic import Field

from harness.faults._fault import REPOSITORIES_WHERE, GatewayFault
from harness.seams import Injection, RequestKind, Seams, ShareRate
from harness.units import BytesPerSecond


class SharedBandwidth(GatewayFault):
    """The registry's own line is narrow: all blobs in scope together get `rate`.

    Each transfer gets the same part of it, also those in progress, so that every node that pulls
    makes all others slower. `bandwidth` limits each connection instead, and has room for any number
    of them.
    Seen as: slower pulls, the more nodes pull at once; with no byte for 5 minutes `context
    canceled`.
    """

    area = "performance"
    example = "{rate: 1MB/s}"
    where_keys = REPOSITORIES_WHERE
    request_kinds = (RequestKind.BLOB,)

    bytes_per_s: BytesPerSecond = Field(alias="rate", description="of all connections together")

    def inject(self, seams: Seams) -> Injection:
        return seams.gateway.rule(
            ShareRate(bytes_per_s=self.bytes_per_s),
            kinds=self.request_kinds,
            methods=("GET",),
            share=self.share,
        )
