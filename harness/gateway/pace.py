"""When things may go that go at a rate: a rule without a clock."""

import math


class Pace:
    """`per_s` things a second (bytes, requests), in the order in which they ask.

    Who is late by less than `catch_up_s` is not delayed for it again, so that late timers do not
    make the rate lower. There is no burst after a pause.
    """

    def __init__(self, per_s: float, *, catch_up_s: float = 0.0) -> None:
        self.per_s = per_s
        self._catch_up_s = catch_up_s
        self._free_s = -math.inf

    def reserve(self, count: float, now_s: float) -> float:
        """When `count` more may go: not before everything that asked earlier has gone."""
        if now_s - self._free_s > self._catch_up_s:
            self._free_s = now_s
        begins_s = self._free_s
        self._free_s += count / self.per_s
        return begins_s
