"""Bodies on their way out: counted for quotas, and slowed down by rules that say so."""

import time
from collections.abc import Callable, Sequence

from starlette.types import Message, Send

from harness.gateway.rules import Rule
from harness.seams import EgressQuota, Redirect

_PIECE_S = 0.05  # slow bodies go out in pieces that take as long
_PIECE_BYTES_MIN = 512
_SERVED = (200, 206)


def metered(send: Send, meters: Sequence[Rule], bite: Callable[[Rule], None]) -> Send:
    """`send` for an answer whose content `meters` count or slow down; errors pass as they are.

    `bite` is told of each that slows, at every piece.
    """
    is_content = False

    async def passing(message: Message) -> None:
        nonlocal is_content
        is_content = is_content or message.get("status") in _SERVED
        body: bytes = message.get("body", b"") if is_content else b""
        if not body:
            await send(message)
        while body:
            now_s = time.monotonic()
            slow = _slowest(meters, now_s)
            piece = body[: _piece_bytes(slow, meters, now_s)]
            body = body[len(piece) :]
            for rule in meters:
                if rule.window is not None:
                    rule.window.spend(len(piece), now_s)
            await send(
                {**message, "body": piece, "more_body": bool(body) or message.get("more_body")}
            )
            if slow is not None:
                bite(slow)
                await slow.hold(len(piece) / _speed(slow, now_s))

    return passing


def _slowest(meters: Sequence[Rule], now_s: float) -> Rule | None:
    return min(
        (rule for rule in meters if _speed(rule, now_s) < float("inf")),
        key=lambda rule: _speed(rule, now_s),
        default=None,
    )


def _speed(rule: Rule, now_s: float) -> float:
    """In bytes a second; infinite for a rule that is gone or has nothing to say yet."""
    act = rule.act
    if rule.gone.is_set():
        return float("inf")
    if isinstance(act, Redirect):
        return act.bytes_per_s
    if isinstance(act, EgressQuota) and act.bytes_per_s and _left(rule, now_s) <= 0:
        return act.bytes_per_s
    return float("inf")


def _piece_bytes(slow: Rule | None, meters: Sequence[Rule], now_s: float) -> int:
    """How much goes out at once: up to the end of a quota, or a slow body's next piece."""
    if slow is not None:
        return max(_PIECE_BYTES_MIN, int(_speed(slow, now_s) * _PIECE_S))
    left = [_left(rule, now_s) for rule in meters if rule.window is not None]
    return max(_PIECE_BYTES_MIN, *left) if left else 1 << 62


def _left(rule: Rule, now_s: float) -> int:
    return rule.window.remaining(now_s) if rule.window is not None else 0
