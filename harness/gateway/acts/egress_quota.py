"""So many bytes of content in a window; then refused, or slowed."""

from math import inf

from harness.gateway.acts._behaviour import (
    ANSWER,
    JOIN,
    Behaviour,
    OwnAnswer,
    RuleContext,
    Verdict,
    error_answer,
)
from harness.gateway.request import GatewayRequest
from harness.oci.errors import ErrorCode
from harness.oci.windows import Window
from harness.process.clock import monotonic_s
from harness.seams import EgressQuota

_CODES = {403: ErrorCode.DENIED, 429: ErrorCode.TOOMANYREQUESTS}


class EgressQuotaBehaviour(Behaviour[EgressQuota]):
    """Is its own meter."""

    def __init__(self, act: EgressQuota, context: RuleContext) -> None:
        super().__init__(act, context)
        self._window = Window(act.limit_bytes, act.window_s, monotonic_s())

    def decide(self, request: GatewayRequest, now_s: float) -> Verdict:
        refuses = self.act.bytes_per_s is None and self.remaining_bytes(now_s) <= 0
        return ANSWER if refuses else JOIN

    def answer(self, request: GatewayRequest) -> OwnAnswer:
        return error_answer(self.act.status, _CODES[self.act.status], self.act.message)

    def meter(self) -> "EgressQuotaBehaviour":
        return self

    def bytes_per_s(self, now_s: float) -> float:
        speed = self.act.bytes_per_s
        return inf if speed is None or self.remaining_bytes(now_s) > 0 else speed

    def remaining_bytes(self, now_s: float) -> int:
        return self._window.remaining(now_s)

    def spend(self, count: int, now_s: float) -> float:
        speed = self.bytes_per_s(now_s)
        self._window.spend(count, now_s)
        return count / speed
