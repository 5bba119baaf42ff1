"""Bearer tokens judged by a clock that goes wrong."""

import jwt

from harness.gateway.acts._behaviour import ANSWER, IGNORE, Behaviour, OwnAnswer, Verdict
from harness.gateway.request import GatewayRequest
from harness.process.clock import utc_now
from harness.seams import SkewClock


class SkewClockBehaviour(Behaviour[SkewClock]):
    def decide(self, request: GatewayRequest, now_s: float) -> Verdict:
        return ANSWER if is_refused(self.act, request, utc_now().timestamp()) else IGNORE

    def answer(self, request: GatewayRequest) -> OwnAnswer:
        return self.context.refuse_token(request, "invalid_token")


def is_refused(act: SkewClock, request: GatewayRequest, wall_s: float) -> bool:
    """Whether the request's token is invalid by the skewed clock when it truly is `wall_s`.

    The registry checks the signature, which sees the request next.
    """
    for name, value in request.scope["headers"]:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return not _is_valid(value[7:].strip(), wall_s + act.ahead_s, act.leeway_s)
    return False


def _is_valid(token: bytes, now_s: float, leeway_s: float) -> bool:
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
        begins_s, ends_s = (claims.get(name) for name in ("nbf", "exp"))
        early = begins_s is not None and now_s < float(begins_s) - leeway_s
        late = ends_s is not None and now_s >= float(ends_s) + leeway_s
    except (jwt.InvalidTokenError, ValueError, TypeError, RecursionError):
        return True
    return not (early or late)
