"""An answer that a scenario's fault wrote itself."""

import re

from harness.gateway.acts._behaviour import ANSWER, JSON, Behaviour, OwnAnswer, RuleContext, Verdict
from harness.gateway.request import GatewayRequest
from harness.seams import Respond

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, 5.6.2: token
_HEADER_VALUE = re.compile(r"[\x20-\x7e\xa1-\xff\t]*")


class RespondBehaviour(Behaviour[Respond]):
    def __init__(self, act: Respond, context: RuleContext) -> None:
        super().__init__(act, context)
        self.behind_login = act.behind_login

    @classmethod
    def complaint(cls, act: Respond) -> str | None:
        if not 200 <= act.status <= 599:  # noqa: PLR2004  RFC 9110, 15
            return f"status: must be 200 to 599, got {act.status}"
        for name, value in act.headers:
            if not (_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value)):
                return f"headers: {name!r} with value {value!r} cannot be sent"
        return None

    def decide(self, request: GatewayRequest, now_s: float) -> Verdict:
        del request, now_s
        return ANSWER

    def answer(self, request: GatewayRequest) -> OwnAnswer:
        """JSON is told by its brace; Content-Length follows from the body."""
        del request
        body, names = self.act.body, {name.lower() for name, _ in self.act.headers}
        kind = [JSON] if body.startswith("{") and "content-type" not in names else []
        sent = [it for it in self.act.headers if it[0].lower() != "content-length"]
        return self.act.status, [*kind, *sent], body.encode()
