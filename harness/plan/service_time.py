"""How long a pull or push takes while faults slow it: an estimate from below.

Delays and narrow paths count; outages, queues that grow, and retries do not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.plan.expected_effects import Match, Timed, match_of
from harness.plan.seam_calls import seam_calls
from harness.plan.traffic import Ask
from harness.seams import Delay, DnsMode, Queue, Redirect, Where

# Of a pull without a fault on a quiet machine, measured and halved: docs/benchmarks.md.
_REQUEST_S: Final = 0.0005
_BYTE_S: Final = 0.5e-9


@dataclass(kw_only=True)
class Slowness:
    """What one fault does to a pull: seconds that it adds, and what a connection gets."""

    match: Match
    where: Where
    lookup_s: float = 0.0  # to its name lookup
    each_s: float = 0.0  # to each request
    matched_s: float = 0.0  # to each request that `match` takes
    bytes_per_s: float = math.inf

    def delay_s(self, ask: Ask) -> float:
        matched = self.matched_s and self.match.takes(ask, self.where)
        return self.each_s + (self.matched_s * self.match.share if matched else 0.0)


def slowness_of(timed: Timed) -> Slowness | None:
    """None for a fault that slows nothing down."""
    slow = Slowness(match=match_of(timed), where=timed.where)
    for verb, arguments, settings in seam_calls(timed.fault):
        match (verb, *arguments):
            case ("toxic", "latency", {"latency": delay_ms}):
                slow.each_s += delay_ms / 1000
            case ("toxic", "bandwidth", {"rate": kb_per_s}):
                slow.bytes_per_s = kb_per_s * 1000
            case ("answering", DnsMode.DELAY):
                slow.lookup_s = settings["delay_ms"] / 1000 * settings["share"]
            case ("rule", Delay(first_byte_s=delay_s) | Queue(service_s=delay_s)):
                slow.matched_s = delay_s
            case ("rule", Redirect(first_byte_s=delay_s, bytes_per_s=bytes_per_s)):
                slow.matched_s, slow.bytes_per_s = delay_s, bytes_per_s
            case _:
                pass
    slows = slow.lookup_s or slow.each_s or slow.matched_s or slow.bytes_per_s < math.inf
    return slow if slows else None


def service_s(asks: Sequence[Ask], slow: Sequence[Slowness], parallel: int) -> float:
    """Seconds of a pull or push of these requests; layers are fetched `parallel` at a time."""
    layers = [ask for ask in asks if ask.layer is not None]
    at_once = max(1, min(parallel, len(layers)))
    body_bytes = sum(ask.body_bytes for ask in asks)
    took_s = sum(it.lookup_s for it in slow) + len(asks) * _REQUEST_S + body_bytes * _BYTE_S
    for ask in asks:
        took_s += sum(it.delay_s(ask) for it in slow) / (1 if ask.layer is None else at_once)
    narrowest = min((it.bytes_per_s for it in slow), default=math.inf)
    return took_s + body_bytes / at_once / narrowest
