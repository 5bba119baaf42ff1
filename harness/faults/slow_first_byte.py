"""slow_first_byte: the registry thinks long before it answers."""

from contextlib import AbstractAsyncContextManager

from pydantic import Field

from harness.faults._fault import GatewayFault
from harness.seams import Delay, RequestKind, Seams
from harness.units import PositiveSeconds


class SlowFirstByte(GatewayFault):
    """The registry thinks long before it answers, as with a slow database or cold storage.

    Each answer is held back for `delay` before its first byte, and then comes at full speed. Unlike
    latency it can be of one kind of request, `where: {kinds: [manifest]}`, or of one repository.
    Seen as: slower pulls, no event; from 30 s on `net/http: timeout awaiting response headers`.
    """

    area = "performance"
    example = "{delay: 200ms}"
    request_kinds = (RequestKind.PING, RequestKind.TOKEN, RequestKind.MANIFEST, RequestKind.BLOB)

    delay_s: PositiveSeconds = Field(alias="delay", description="before each first byte")

    def inject(self, seams: Seams) -> AbstractAsyncContextManager[None]:
        return seams.gateway.rule(
            Delay(first_byte_s=self.delay_s), kinds=self.request_kinds, share=self.share
        )
