"""When what is due: arithmetic only, no clock."""

import math

from harness.chance import Chance


def constant_due(rate_per_s: float, start_s: float, end_s: float) -> tuple[float, ...]:
    """Due times at even distances, the first at `start_s`, all before `end_s`."""
    count = math.ceil((end_s - start_s) * rate_per_s - 1e-9)
    return tuple(round(start_s + number / rate_per_s, 6) for number in range(max(0, count)))


def poisson_due(
    rate_per_s: float, start_s: float, end_s: float, chance: Chance
) -> tuple[float, ...]:
    """Due times of independent arrivals: exponential gaps, the same ones for the same chance."""
    due: list[float] = []
    at_s = start_s
    while True:
        fraction = chance.fraction(f"gap {len(due)}")
        at_s += -math.log(1.0 - fraction) / rate_per_s
        if at_s >= end_s:
            return tuple(due)
        due.append(round(at_s, 6))
