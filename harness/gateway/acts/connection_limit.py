"""The oldest connections are served, the others are not."""

from harness.gateway.acts._behaviour import (
    ANSWER,
    IGNORE,
    Behaviour,
    OwnAnswer,
    Verdict,
    error_answer,
)
from harness.gateway.request import GatewayRequest
from harness.oci.errors import ErrorCode
from harness.seams import ConnectionLimit

_UNAVAILABLE = 503


class ConnectionLimitBehaviour(Behaviour[ConnectionLimit]):
    def decide(self, request: GatewayRequest, now_s: float) -> Verdict:
        return ANSWER if request.connection.older(self.act.per) >= self.act.limit else IGNORE

    def answer(self, request: GatewayRequest) -> OwnAnswer | None:
        if self.act.answer == "reset":
            return None
        closing = (("Connection", "close"),)
        return error_answer(_UNAVAILABLE, ErrorCode.UNAVAILABLE, headers=closing)
