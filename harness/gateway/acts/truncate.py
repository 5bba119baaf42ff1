"""A body that ends too early."""

from harness.gateway.acts._behaviour import END, IGNORE, Behaviour, Verdict
from harness.gateway.bodies import BodyChange, Extent, cut_at
from harness.gateway.request import GatewayRequest
from harness.seams import Truncate


class TruncateBehaviour(Behaviour[Truncate]):
    @classmethod
    def complaint(cls, act: Truncate) -> str | None:
        share = act.keep_share
        return None if 0 <= share < 1 else f"keep_share: must be 0 to below 1, got {share}"

    def decide(self, request: GatewayRequest, now_s: float) -> Verdict:
        del now_s
        return END if request.method == "GET" else IGNORE

    def change_body(self, request: GatewayRequest, held: Extent) -> BodyChange | None:
        del request
        end = cut_at(self.act.keep_share, held.total)
        return BodyChange(end=end, ending=self.act.ending) if end < held.end else None
