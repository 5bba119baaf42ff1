"""Content on its way out: counted, and slowed by rules that say so."""

from collections.abc import Callable, Sequence
from math import inf

from starlette.types import Message, Send

from harness.gateway.acts import Meter
from harness.gateway.bodies import SERVED
from harness.gateway.rules import Rule
from harness.process.clock import monotonic_s

_PIECE_S = 0.05  # slow content goes out in pieces that take as long
_PIECE_BYTES_MIN = 512

RuleMeter = tuple[Rule, Meter]


def metered(send: Send, meters: Sequence[RuleMeter], bite: Callable[[Rule], None]) -> Send:
    """`send` for an answer whose content `meters` count or slow; errors pass unchanged.

    `bite` is called for each rule that slows, at every piece.
    """
    is_content = False

    async def passing(message: Message) -> None:
        nonlocal is_content
        is_content = is_content or message.get("status") in SERVED
        body: bytes = message.get("body", b"") if is_content else b""
        if not body:
            await send(message)
        while body:
            now_s = monotonic_s()
            live = [it for it in meters if not it[0].gone.is_set()]
            speed = min((meter.bytes_per_s(now_s) for _, meter in live), default=inf)
            piece = body[: _piece_bytes(speed, live, now_s)]
            body = body[len(piece) :]
            held = [(rule, meter.spend(len(piece), now_s)) for rule, meter in live]
            rule, held_s = max(held, key=lambda it: it[1], default=(meters[0][0], 0.0))
            if held_s > 0:
                bite(rule)
                await rule.hold(held_s)
            await send(
                {**message, "body": piece, "more_body": bool(body) or message.get("more_body")}
            )

    return passing


def _piece_bytes(speed: float, meters: Sequence[RuleMeter], now_s: float) -> int:
    """How much goes out at once: a slow body's next piece, or up to where a meter changes."""
    if speed < inf:
        return max(_PIECE_BYTES_MIN, int(speed * _PIECE_S))
    left = [left for _, meter in meters if (left := meter.remaining_bytes(now_s)) is not None]
    return max(_PIECE_BYTES_MIN, *left) if left else 1 << 62
