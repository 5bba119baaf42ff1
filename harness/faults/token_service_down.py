"""token_service_down: nobody gives out tokens; the registry itself is healthy."""

from typing import Literal

from pydantic import Field

from harness.faults._answers import CHALLENGED, CLOSED_PORT, refusal
from harness.faults._fault import REPOSITORIES_WHERE, GatewayFault
from harness.oci.errors import ErrorCode
from harness.seams import Hang, Injection, MisdirectToken, RequestKind, Seams


class TokenServiceDown(GatewayFault):
    """The token service is down; the registry itself is healthy.

    `how: unavailable` answers token requests with 503, which a node does not retry. `how: refused`
    lets the challenges name a closed port, as when the token service is a separate host whose
    process has ended. Either way one token request ends the attempt. `how: hangs` accepts token
    requests and answers none, not even when the fault is removed: who still waits then is cut off.
    Seen as: `failed to authorize: failed to fetch oauth token: unexpected status from POST request
    to U: 503 Service Unavailable`, or `... Post "U": dial tcp A: connect: connection refused`.
    """

    area = "authentication"
    login_needed = "tokens"
    example = "{how: unavailable}"
    where_keys = REPOSITORIES_WHERE
    request_kinds = (RequestKind.TOKEN,)

    how: Literal["unavailable", "refused", "hangs"] = Field(
        "unavailable", description="answered with 503, no connection at all, or never an answer"
    )

    def inject(self, seams: Seams) -> Injection:
        if self.how == "refused":
            act = MisdirectToken(port=CLOSED_PORT)
            return seams.gateway.rule(act, kinds=CHALLENGED, share=self.share)
        unavailable = refusal(ErrorCode.UNAVAILABLE, behind_login=False)
        return seams.gateway.rule(
            Hang() if self.how == "hangs" else unavailable,
            kinds=(RequestKind.TOKEN,),
            share=self.share,
        )
