"""redirect_to_dead_storage: the registry sends nodes to an object store that is not there."""

from typing import Literal

from pydantic import Field

from harness.faults._answers import CLOSED_PORT
from harness.faults._fault import GatewayFault
from harness.seams import Hang, Injection, RequestKind, Respond, Seams

# Every host has a loopback address of its own, and nothing at this port: nobody else is asked.
_NOWHERE = f"http://127.0.0.1:{CLOSED_PORT}/blob"


class RedirectToDeadStorage(GatewayFault):
    """Blobs are in an object store that does not answer; the registry itself is healthy.

    `how: refused` answers requests for blobs with 307 and a URL at a closed port, as when the
    store's host is up and its service is not. `how: hangs` answers them not at all, as a registry
    that reads its store itself: manifests come, and blobs never do, not even when the fault is
    removed.
    Seen as: `failed to copy: httpReadSeeker: failed open: failed to do request: Get "U": dial tcp
    A: connect: connection refused`, with the store's address; `hangs`: `net/http: timeout awaiting
    response headers` after 30 s.
    """

    area = "performance"
    example = "{how: refused}"
    request_kinds = (RequestKind.BLOB,)

    how: Literal["refused", "hangs"] = Field("refused", description="how it is dead")

    def inject(self, seams: Seams) -> Injection:
        away = Respond(status=307, headers=(("Location", _NOWHERE),), behind_login=True)
        return seams.gateway.rule(
            Hang() if self.how == "hangs" else away,
            kinds=self.request_kinds,
            methods=("GET",),
            share=self.share,
        )
