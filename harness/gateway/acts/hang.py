"""No answer, ever."""

from math import inf

from harness.gateway.acts._behaviour import ANSWER, Behaviour, OwnAnswer, Verdict
from harness.gateway.request import GatewayRequest
from harness.seams import Hang


class HangBehaviour(Behaviour[Hang]):
    """Holds the request as long as its rule lives, and then hangs up."""

    def decide(self, request: GatewayRequest, now_s: float) -> Verdict:
        return ANSWER

    def answer(self, request: GatewayRequest) -> OwnAnswer | None:
        return None

    def delay_s(self) -> float:
        return inf
