"""flapping_link: the path to the registry comes and goes."""

from pydantic import Field

from harness.faults._fault import LinkFault
from harness.seams import Injection, Seams
from harness.units import DelaySeconds


class FlappingLink(LinkFault):
    """The path to the registry goes down and up, as with a bad cable or a restarting proxy.

    For `down` connections are refused and open ones closed, for `up` everything works, in turn. It
    starts down, for all nodes in scope at once. Short periods can be worse than one long outage:
    each interrupted pull loses its progress and backs off for longer.
    Seen as: `connect: connection refused`, `unexpected EOF`, or nothing where a layer is resumed.
    """

    example = "{down: 2s, up: 3s}"
    exclusive = frozenset({"listener"})

    down_s: DelaySeconds = Field(alias="down", ge=0.1, description="at least 100ms")
    up_s: DelaySeconds = Field(alias="up", ge=0.1, description="at least 100ms")

    def inject(self, seams: Seams) -> Injection:
        return seams.link.flapping(down_s=self.down_s, up_s=self.up_s, share=self.share)
