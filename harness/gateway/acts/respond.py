"""An answer that a scenario's fault wrote itself."""

from harness.gateway.acts._behaviour import ANSWER, JSON, Behaviour, OwnAnswer, RuleContext, Verdict
from harness.gateway.request import GatewayRequest
from harness.seams import Respond


class RespondBehaviour(Behaviour[Respond]):
    def __init__(self, act: Respond, context: RuleContext) -> None:
        super().__init__(act, context)
        self.behind_login = act.behind_login

    def decide(self, request: GatewayRequest, now_s: float) -> Verdict:
        return ANSWER

    def answer(self, request: GatewayRequest) -> OwnAnswer:
        """JSON is recognised by its brace; Content-Length follows from the body."""
        body, names = self.act.body, {name.lower() for name, _ in self.act.headers}
        kind = [JSON] if body.startswith("{") and "content-type" not in names else []
        sent = [it for it in self.act.headers if it[0].lower() != "content-length"]
        return self.act.status, [*kind, *sent], body.encode()
