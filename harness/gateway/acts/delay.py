"""A late first byte."""

from math import inf

from harness.gateway.acts._behaviour import Behaviour
from harness.seams import Delay


class DelayBehaviour(Behaviour[Delay]):
    @classmethod
    def complaint(cls, act: Delay) -> str | None:
        delay_s = act.first_byte_s
        return None if 0 <= delay_s < inf else f"first_byte_s: must be 0 or more, got {delay_s}"

    def delay_s(self) -> float:
        return self.act.first_byte_s
