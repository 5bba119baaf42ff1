"""A token that the registry would accept, refused."""

from harness.gateway.acts._behaviour import ANSWER, Behaviour, OwnAnswer, Verdict
from harness.gateway.request import GatewayRequest
from harness.seams import RefuseToken


class RefuseTokenBehaviour(Behaviour[RefuseToken]):
    def decide(self, request: GatewayRequest, now_s: float) -> Verdict:
        return ANSWER

    def answer(self, request: GatewayRequest) -> OwnAnswer:
        return self.context.refuse_token(request, self.act.error)
