"""slow_first_byte: the registry thinks long before it answers."""

from pydantic import Field

from harness.faults._fault import GatewayFault
from harness.seams import Delay, Injection, RequestKind, Seams
from harness.units import PositiveSeconds


class SlowFirstByte(GatewayFault):
    """The time to first byte is long, as with a slow database or cold storage.

    Each response is delayed by `delay` before its first byte, and then sent at full speed. Unlike
    `latency`, the fault can be limited to one kind of request, `where: {kinds: [manifest]}`, or to
    one repository.
    Seen as: slower pulls, no event; from 30 s on `net/http: timeout awaiting response headers`.
    """

    area = "performance"
    example = "{delay: 200ms}"
    request_kinds = (RequestKind.PING, RequestKind.TOKEN, RequestKind.MANIFEST, RequestKind.BLOB)

    delay_s: PositiveSeconds = Field(alias="delay", description="before each first byte")

    def inject(self, seams: Seams) -> Injection:
        return seams.gateway.rule(
            Delay(first_byte_s=self.delay_s), kinds=self.request_kinds, share=self.share
        )
