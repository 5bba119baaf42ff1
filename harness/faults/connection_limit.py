"""connection_limit: the registry lets nobody open many connections."""

from typing import Literal

from pydantic import Field, StrictInt

from harness.faults._answers import OF_CLIENTS
from harness.faults._fault import NODES_WHERE, Fault
from harness.seams import ConnectionLimit as Limit
from harness.seams import Injection, Seam, Seams


class ConnectionLimit(Fault):
    """The registry, or a proxy in front of it, limits concurrent connections.

    The `limit` oldest open connections are served, per node or in total; idle ones count too. A
    request on any other connection is reset, or answered with 503 and a closed connection. A pull
    opens one connection for the manifest and up to three for layers.
    Seen as: `read tcp A->B: read: connection reset by peer`, which ends the attempt, or `503
    Service Unavailable`, which a node repeats once. Through a real Toxiproxy a reset arrives as
    `EOF`, which a node repeats up to four times.
    """

    area = "quota"
    seam = Seam.GATEWAY
    example = "{limit: 2, per: node, answer: reset}"
    where_keys = NODES_WHERE
    request_kinds = OF_CLIENTS

    limit: StrictInt = Field(ge=0, description="connections that are served")
    per: Literal["node", "all"] = Field("node", description="of each node, or of all together")
    answer: Literal["reset", "503"] = Field("reset", description="to requests on the others")

    def inject(self, seams: Seams) -> Injection:
        limit = Limit(limit=self.limit, per=self.per, answer=self.answer)
        return seams.gateway.rule(limit, kinds=self.request_kinds)
