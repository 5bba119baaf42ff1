"""token_service_down: nobody gives out tokens; the registry itself is well."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar, Literal

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import CHALLENGED, CLOSED_PORT, Fault, WhereKey, refusal
from harness.oci.errors import ErrorCode
from harness.seams import MisdirectToken, RequestKind, Seam, Seams
from harness.units import ChosenShare


class TokenServiceDown(Fault):
    """Nobody gives out tokens; the registry itself is well.

    `how: unavailable` answers token requests with 503, which a node does not repeat.
    `how: refused` lets the challenges name a closed port, as when the token service is a host of
    its own whose process has ended. Either way one request for a token ends the attempt.
    Seen as: `failed to authorize: failed to fetch oauth token: unexpected status from POST request
    to U: 503 Service Unavailable`, or `... Post "U": dial tcp A: connect: connection refused`.
    """

    area: ClassVar[str] = "authentication"
    seam: ClassVar[Seam] = Seam.GATEWAY
    example: ClassVar[str] = "{how: unavailable}"
    where_keys: ClassVar[frozenset[WhereKey]] = frozenset({"repository", "nodes"})
    request_kinds: ClassVar[tuple[RequestKind, ...]] = (RequestKind.TOKEN,)

    how: Literal["unavailable", "refused"] = Field(
        "unavailable", description="answered with 503, or no connection at all"
    )
    share: ChosenShare = 1.0

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the gateway is scoped with it
        if self.how == "refused":
            act = MisdirectToken(port=CLOSED_PORT)
            return seams.gateway.rule(act, kinds=CHALLENGED, share=self.share)
        return seams.gateway.rule(
            refusal(ErrorCode.UNAVAILABLE, behind_login=False),
            kinds=(RequestKind.TOKEN,),
            share=self.share,
        )
