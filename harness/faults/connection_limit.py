"""connection_limit: the registry lets nobody open many connections."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar, Literal

from pydantic import Field, StrictInt

from harness.chance import Chance
from harness.faults._fault import Fault, WhereKey
from harness.seams import ConnectionLimit as Limit
from harness.seams import RequestKind, Seam, Seams

_KINDS = (
    RequestKind.PING,
    RequestKind.TOKEN,
    RequestKind.MANIFEST,
    RequestKind.BLOB,
    RequestKind.UPLOAD,
)


class ConnectionLimit(Fault):
    """The registry, or the proxy before it, lets nobody have many connections at a time.

    The `limit` oldest open connections are served, of each node or of all together; idle ones
    count, too. A request on another is reset, or answered 503 and its connection closed. A pull
    has one connection for the manifest and up to three for layers.
    Seen as: `read tcp A->B: read: connection reset by peer`, which ends the attempt, or `503
    Service Unavailable`, which a node repeats once. Through a real Toxiproxy a reset arrives as
    `EOF`, which a node repeats up to four times.
    """

    area: ClassVar[str] = "quota"
    seam: ClassVar[Seam] = Seam.GATEWAY
    example: ClassVar[str] = "{limit: 2, per: node, answer: reset}"
    where_keys: ClassVar[frozenset[WhereKey]] = frozenset({"nodes"})
    request_kinds: ClassVar[tuple[RequestKind, ...]] = _KINDS

    limit: StrictInt = Field(ge=0, description="connections that are served")
    per: Literal["node", "all"] = Field("node", description="of each node, or of all together")
    answer: Literal["reset", "503"] = Field("reset", description="to requests on the others")

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the gateway is scoped with it
        limit = Limit(limit=self.limit, per=self.per, answer=self.answer)
        return seams.gateway.rule(limit, kinds=_KINDS)
