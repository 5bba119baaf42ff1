"""A body that ends too early."""

from harness.gateway.acts._behaviour import END, IGNORE, Behaviour, Verdict
from harness.gateway.bodies import BodyChange, Extent, cut_at
from harness.gateway.request import GatewayRequest
from harness.seams import Truncate


class TruncateBehaviour(Behaviour[Truncate]):
    def decide(self, request: GatewayRequest, now_s: float) -> Verdict:
        return END if request.method == "GET" else IGNORE

    def change_body(self, request: GatewayRequest, held: Extent) -> BodyChange | None:
        end = cut_at(self.act.keep_share, held.total)
        return BodyChange(end=end, ending=self.act.ending) if end < held.end else None
