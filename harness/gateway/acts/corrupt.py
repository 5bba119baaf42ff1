"""Flipped bytes. An error has no body worth changing, and a range may lie where nothing changes."""

from harness.gateway.acts._behaviour import END, IGNORE, Behaviour, Verdict
from harness.gateway.bodies import BodyChange, Extent, flips, within
from harness.gateway.request import GatewayRequest
from harness.seams import Corrupt


class CorruptBehaviour(Behaviour[Corrupt]):
    def decide(self, request: GatewayRequest, now_s: float) -> Verdict:
        return END if request.method == "GET" else IGNORE

    def change_body(self, request: GatewayRequest, held: Extent) -> BodyChange | None:
        everywhere = flips(self.context.chance, request.reference, self.act.flip_bytes, held.total)
        changes = within(everywhere, held)
        return BodyChange(flips=changes) if changes else None
