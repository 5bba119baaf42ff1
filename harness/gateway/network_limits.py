"""What a registry and the network in front of it can carry, as plain data."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class NetworkLimits:
    """None, or 0 for times: not limited.

    `egress_bytes_per_s`: all content that is sent to nodes, together; `node_bytes_per_s`: what one
    node receives. `round_trip_s`: of each request, and of each step by which a connection is made.
    `requests_per_s`: what is answered at most; the others wait. `service_s`: how long an answer
    takes to its first byte; `at_once`: how many requests are worked on at a time.
    """

    egress_bytes_per_s: float | None = None
    node_bytes_per_s: float | None = None
    round_trip_s: float = 0.0
    requests_per_s: float | None = None
    service_s: float = 0.0
    at_once: int | None = None

    @property
    def empty(self) -> bool:
        return self == NO_LIMITS


NO_LIMITS: Final = NetworkLimits()
