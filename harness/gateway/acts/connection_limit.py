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
    @classmethod
    def complaint(cls, act: ConnectionLimit) -> str | None:
        return None if act.limit >= 0 else f"limit: must be 0 or more, got {act.limit}"

    def decide(self, request: GatewayRequest, now_s: float) -> Verdict:
        del now_s
        return ANSWER if request.connection.older(self.act.per) >= self.act.limit else IGNORE

    def answer(self, request: GatewayRequest) -> OwnAnswer | None:
        del request
        if self.act.answer == "reset":
            return None
        closing = (("Connection", "close"),)
        return error_answer(_UNAVAILABLE, ErrorCode.UNAVAILABLE, headers=closing)
