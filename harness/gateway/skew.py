"""What a clock that goes wrong makes of bearer tokens; no I/O."""

import jwt

from harness.gateway.request import Ask
from harness.seams import SkewClock


def is_refused(act: SkewClock, ask: Ask, wall_s: float) -> bool:
    """Whether the token of `ask` is invalid by the skewed clock when it truly is `wall_s`.

    Who signed it is the registry's affair, which sees it next.
    """
    for name, value in ask.scope["headers"]:
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
