"""dns_delay: the name server answers late."""

from pydantic import Field

from harness.faults._fault import ResolverFault
from harness.seams import DnsMode, Injection, Seams
from harness.units import DelaySeconds


class DnsDelay(ResolverFault):
    """The name server answers late, as under load.

    A node waits 5 s for an answer, and asks at most twice.
    Seen as: slower pulls; from 5 s on as dns_timeout.
    """

    example = "{delay: 2s}"

    delay_s: DelaySeconds = Field(alias="delay", description="how late each answer comes")

    def inject(self, seams: Seams) -> Injection:
        return seams.resolver.answering(
            DnsMode.DELAY, delay_ms=round(self.delay_s * 1000), share=self.share
        )
