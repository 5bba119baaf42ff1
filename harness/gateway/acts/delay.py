"""A late first byte."""

from harness.gateway.acts._behaviour import Behaviour
from harness.seams import Delay


class DelayBehaviour(Behaviour[Delay]):
    def delay_s(self) -> float:
        return self.act.first_byte_s
