"""read_only: the registry takes no pushes, because somebody maintains it."""

from typing import Literal

from pydantic import Field

from harness.faults._fault import REPOSITORIES_WHERE, GatewayFault
from harness.oci.errors import ErrorCode, error_body
from harness.seams import Injection, RequestKind, Respond, Seams

_CODES = {405: ErrorCode.UNSUPPORTED, 503: ErrorCode.UNAVAILABLE}


class ReadOnly(GatewayFault):
    """The registry is in read-only mode: pushes are refused, pulls are not affected.

    As during garbage collection, a migration or a failover to a replica. Whatever would change
    content is answered with `status`: 405 as by distribution's `maintenance: readonly`, 503 as by a
    load balancer that has no writable registry behind it.
    Seen as: failed pushes; nodes see nothing until what was not pushed is deployed.
    """

    area = "performance"
    example = "{status: 405}"
    where_keys = REPOSITORIES_WHERE
    request_kinds = (RequestKind.UPLOAD,)

    status: Literal[405, 503] = Field(405, description="how pushes are answered")

    def inject(self, seams: Seams) -> Injection:
        answer = Respond(
            status=self.status,
            headers=(("Content-Type", "application/json"),),
            body=error_body(_CODES[self.status]).decode(),
        )
        return seams.gateway.rule(
            answer,
            kinds=(RequestKind.UPLOAD, RequestKind.MANIFEST),
            methods=("POST", "PUT", "PATCH", "DELETE"),
            share=self.share,
        )
