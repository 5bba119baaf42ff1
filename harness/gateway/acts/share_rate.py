"""The content of all answers together goes out at one rate."""

from harness.gateway.acts._behaviour import Behaviour, RuleContext
from harness.gateway.pace import Pace
from harness.seams import ShareRate

_CATCH_UP_S = 0.1  # more than timers are late on a busy machine


class ShareRateBehaviour(Behaviour[ShareRate]):
    """Is its own meter. Pieces of all answers go in the order in which they come."""

    def __init__(self, act: ShareRate, context: RuleContext) -> None:
        super().__init__(act, context)
        self._pace = Pace(act.bytes_per_s, catch_up_s=_CATCH_UP_S)

    def meter(self) -> "ShareRateBehaviour":
        return self

    def bytes_per_s(self, now_s: float) -> float:
        return float(self.act.bytes_per_s)

    def remaining_bytes(self, now_s: float) -> None:
        return None

    def spend(self, count: int, now_s: float) -> float:
        return self._pace.reserve(count, now_s) + count / self._pace.per_s - now_s
