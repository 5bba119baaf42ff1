"""Whether the clients of a stream can carry what is due, by Little's law.

The rate times the seconds that each takes is how many are under way at once.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from harness.load.orders import CLIENTS_MAX, PullsOrder, PushesOrder, clients_max
from harness.plan.expected_effects import Timed, calls_in_scope
from harness.plan.service_time import service_s, slowness_of
from harness.plan.traffic import Traffic, call_of
from harness.recording.limit_shares import POOL_SHARE

# Arrivals at random are carried up to so many standard deviations above their mean.
_SPARE: Final = 3.0

Stream = PullsOrder | PushesOrder


@dataclass(frozen=True, kw_only=True)
class _Stretch:
    """A time in which the same faults slow a stream. `due`: its arrivals; each takes `took_s`."""

    lasts_s: float
    due: int
    took_s: float
    faults: Sequence[str]

    @property
    def rate_per_s(self) -> float:
        return self.due / self.lasts_s

    @property
    def at_once(self) -> float:
        """How many are under way at its end."""
        return self.rate_per_s * min(self.took_s, self.lasts_s)


def pool_warning(stream: Stream, faults: Sequence[Timed], traffic: Traffic, seed: int) -> str:
    """Why the clients of `stream` will all be busy and how many would do, or ""."""
    clients = clients_max(stream)
    full = [it for it in _stretches(stream, faults, traffic, seed) if it.at_once > clients]
    found_busy = sum(it.due - clients for it in full)
    if found_busy <= POOL_SHARE * len(stream.due_s):
        return ""
    worst = max(full, key=lambda it: it.at_once)
    enough = math.ceil(worst.at_once + _SPARE * math.sqrt(worst.at_once))
    fits = stream.users is not None and enough <= CLIENTS_MAX
    under = f" under {', '.join(worst.faults)}" if worst.faults else ""
    return (
        f"{clients:,} cannot carry {worst.rate_per_s:.3g} a second that take {worst.took_s:.2g} s "
        f"each{under}: {math.ceil(worst.at_once):,} are under way at once; "
        + (f"set it to {enough:,} or more, or leave it out" if fits else "use a lower rate")
    )


def _stretches(
    stream: Stream, faults: Sequence[Timed], traffic: Traffic, seed: int
) -> Iterator[_Stretch]:
    if len(stream.due_s) <= 1:
        return
    call = call_of(stream)
    met = [it for it in faults if calls_in_scope(Counter([call]), it, traffic, seed)]
    slow = [(it, slowness) for it in met if (slowness := slowness_of(it))]
    first_s, last_s = stream.due_s[0], stream.due_s[-1]
    edges = {edge for it, _ in slow for edge in (it.at_s, it.ends_s) if first_s < edge < last_s}
    for begin_s, end_s in pairwise(sorted({first_s, last_s, *edges})):
        on = [(it.id, slowness) for it, slowness in slow if it.at_s <= begin_s < it.ends_s]
        asks = traffic.asks(call.image, call.does)
        yield _Stretch(
            lasts_s=end_s - begin_s,
            due=sum(begin_s <= due_s < end_s for due_s in stream.due_s),
            took_s=service_s(asks, [it for _, it in on], traffic.parallel_layers),
            faults=list(dict.fromkeys(name for name, _ in on)),
        )
