"""connection_timeout: connections open, but no answer comes."""

from contextlib import AbstractAsyncContextManager

from pydantic import Field

from harness.faults._fault import LinkFault
from harness.seams import Seams
from harness.units import Seconds


class ConnectionTimeout(LinkFault):
    """Connections open, but no answer comes, as through a firewall that lost its state.

    What the registry sends is dropped. `after` it went quiet the connection is closed; without it,
    nothing ends the silence but the node's own patience or the heal, which closes the connection.
    Seen as: `net/http: timeout awaiting response headers` after 30 s, or `EOF` when `after` is
    shorter; a layer under way stands still.
    """

    example = "{after: 100ms}"

    after_s: Seconds = Field(
        0.0, alias="after", description="from the last dropped data to the close; 0s is never"
    )

    def inject(self, seams: Seams) -> AbstractAsyncContextManager[None]:
        return seams.link.toxic(
            "timeout", {"timeout": round(self.after_s * 1000)}, share=self.share
        )
