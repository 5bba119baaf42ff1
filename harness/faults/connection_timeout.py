"""connection_timeout: connections open, but no answer comes."""

from pydantic import Field

from harness.faults._fault import LinkFault
from harness.seams import Injection, Seams
from harness.units import Seconds


class ConnectionTimeout(LinkFault):
    """Connections are accepted, but no response comes, as through a firewall that lost its state.

    Everything that the registry sends is dropped. The connection is closed when it has been silent
    for `after`; without `after`, only the node's own timeout ends the wait, or the removal of the
    fault, which closes the connection.
    Seen as: `net/http: timeout awaiting response headers` after 30 s, or `EOF` when `after` is
    shorter; a layer under way stands still.
    """

    example = "{after: 100ms}"

    after_s: Seconds = Field(
        0.0, alias="after", description="from the last dropped data to the close; 0s is never"
    )

    def inject(self, seams: Seams) -> Injection:
        return seams.link.toxic(
            "timeout", {"timeout": round(self.after_s * 1000)}, share=self.share
        )
