"""Content that is given out elsewhere, by the storage server, late and slowly.

At the registry the rule answers. At the storage server it joins, for whoever brings its ticket.
"""

from harness.gateway.acts._behaviour import ANSWER, Behaviour, OwnAnswer, Verdict
from harness.gateway.request import GatewayRequest
from harness.seams import Redirect

_TEMPORARY_REDIRECT = 307


class RedirectBehaviour(Behaviour[Redirect]):
    """Is its own meter."""

    def decide(self, request: GatewayRequest, now_s: float) -> Verdict:
        return ANSWER

    def answer(self, request: GatewayRequest) -> OwnAnswer:
        place = self.context.storage.location(self.context.rule, request)
        return _TEMPORARY_REDIRECT, [("Location", place)], b""

    def delay_s(self) -> float:
        return self.act.first_byte_s

    def meter(self) -> "RedirectBehaviour":
        return self

    def bytes_per_s(self, now_s: float) -> float:
        return self.act.bytes_per_s

    def remaining_bytes(self, now_s: float) -> None:
        """Nothing is counted."""

    def spend(self, count: int, now_s: float) -> float:
        return count / self.act.bytes_per_s
