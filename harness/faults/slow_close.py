"""slow_close: connections stay open after their last byte."""

from pydantic import Field

from harness.faults._fault import LinkFault
from harness.seams import Injection, Seams
from harness.units import DelaySeconds


class SlowClose(LinkFault):
    """Connections stay open after their last byte, as behind a proxy with a long linger time.

    The registry's end of a connection (FIN) reaches the node after `delay`.
    Seen as: nothing, because an answer says how long it is; sockets pile up on the node, and one
    that is cut short (truncated_blob) is noticed `delay` later.
    """

    example = "{delay: 2s}"

    delay_s: DelaySeconds = Field(alias="delay", description="how late each connection closes")

    def inject(self, seams: Seams) -> Injection:
        return seams.link.toxic(
            "slow_close", {"delay": round(self.delay_s * 1000)}, share=self.share
        )
