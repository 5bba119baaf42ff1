"""Content that is given out elsewhere, by the storage server, late and slowly.

At the registry the rule answers. At the storage server it joins, for whoever brings its ticket.
"""

from math import inf

from harness.gateway.acts._behaviour import ANSWER, Behaviour, OwnAnswer, Verdict
from harness.gateway.request import GatewayRequest
from harness.seams import Redirect

_TEMPORARY_REDIRECT = 307


class RedirectBehaviour(Behaviour[Redirect]):
    """Is its own meter."""

    @classmethod
    def complaint(cls, act: Redirect) -> str | None:
        delay_s, speed = act.first_byte_s, act.bytes_per_s
        if 0 <= delay_s < inf and speed > 0:
            return None
        return f"first_byte_s, bytes_per_s: no such storage, got {delay_s}, {speed}"

    def decide(self, request: GatewayRequest, now_s: float) -> Verdict:
        del request, now_s
        return ANSWER

    def answer(self, request: GatewayRequest) -> OwnAnswer:
        place = self.context.storage.location(self.context.rule, request)
        return _TEMPORARY_REDIRECT, [("Location", place)], b""

    def delay_s(self) -> float:
        return self.act.first_byte_s

    def meter(self) -> "RedirectBehaviour":
        return self

    def bytes_per_s(self, now_s: float) -> float:
        del now_s
        return self.act.bytes_per_s

    def remaining_bytes(self, now_s: float) -> None:
        """Nothing is counted."""

    def spend(self, count: int, now_s: float) -> None:
        """Nothing is counted."""
