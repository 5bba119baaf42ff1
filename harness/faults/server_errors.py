"""server_errors: the registry, or what stands before it, answers 5xx."""

from typing import Literal

from pydantic import Field

from harness.faults._answers import OF_CLIENTS
from harness.faults._fault import GatewayFault
from harness.oci.errors import ErrorCode, error_body
from harness.seams import Injection, Respond, Seams

# What the registry says itself is its JSON; 502 and 504 come from a proxy that does not reach it,
# and whose page is no JSON (nginx: ngx_http_special_response.c).
_CODES = {500: ErrorCode.UNKNOWN, 503: ErrorCode.UNAVAILABLE}
_TITLES = {502: "502 Bad Gateway", 504: "504 Gateway Time-out"}


class ServerErrors(GatewayFault):
    """The registry answers 500 or 503, or a load balancer in front of it 502 or 504.

    A node retries 500, 503 and 504 once and fails the attempt when it gets the same again; it does
    not retry 502. With a `share` below 1 only some of its requests are affected.
    Seen as: `unexpected status from HEAD request to U: 503 Service Unavailable`; of a GET whose
    answer is the registry's own, `unavailable` or `unknown` on a second line.
    """

    area = "performance"
    example = "{status: 503}"
    request_kinds = OF_CLIENTS

    status: Literal[500, 502, 503, 504] = Field(503, description="how requests are answered")

    def inject(self, seams: Seams) -> Injection:
        return seams.gateway.rule(_answer(self.status), kinds=self.request_kinds, share=self.share)


def _answer(status: int) -> Respond:
    if status in _CODES:
        body, kind = error_body(_CODES[status]).decode(), "application/json"
    else:
        title = _TITLES[status]
        body, kind = f"<html><head><title>{title}</title></head></html>\r\n", "text/html"
    return Respond(status=status, headers=(("Content-Type", kind),), body=body)
