"""The limits of a registry's network and service, kept in front of everything else.

They hold for what nodes and clients ask, not for the harness's own requests, and from `start`,
when a run begins.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Final

from harness.gateway.network_limits import NetworkLimits
from harness.gateway.pace import Pace
from harness.gateway.request import GatewayRequest
from harness.gateway.sharing import Lane, PacedSharing, Sharing
from harness.gateway.turns import Turns
from harness.process.clock import monotonic_s

# Round trips until the first request can be sent: TCP's handshake, and that of TLS 1.3 (RFC 8446).
_TCP_ROUND_TRIPS: Final = 1
_TLS_ROUND_TRIPS: Final = 2


class Network:
    """`limits` at work. `without_cap`: nodes that stand for many clients."""

    def __init__(
        self,
        limits: NetworkLimits,
        sharing: Sharing | None = None,
        *,
        without_cap: frozenset[str] = frozenset(),
    ) -> None:
        self.limits = limits
        self.sharing: Sharing = sharing or PacedSharing()
        self.is_on = False
        self._without_cap = without_cap
        self._egress: Lane | None = None
        self._nodes: dict[str, Lane] = {}
        self._requests: Pace | None = None
        self._turns: Turns | None = None

    def start(self) -> None:
        """Keep the limits from now on."""
        self.stop()
        limits = self.limits
        if limits.empty:
            return
        self.is_on = True
        if limits.egress_bytes_per_s is not None:
            self._egress = self.sharing.lane(limits.egress_bytes_per_s)
        if limits.requests_per_s is not None:
            self._requests = Pace(limits.requests_per_s)
        if limits.at_once is not None:
            self._turns = Turns(limits.at_once)

    def stop(self) -> None:
        """Hold nothing up any more, also what waits already."""
        self.is_on = False
        for lane in (self._egress, *self._nodes.values()):
            if lane is not None:
                lane.open()
        if self._turns is not None:
            self._turns.open()
        self._egress = self._requests = self._turns = None
        self._nodes = {}

    def concerns(self, request: GatewayRequest) -> bool:
        """Whether the limits hold for `request`."""
        return self.is_on and bool(request.node)

    @asynccontextmanager
    async def served(self, request: GatewayRequest) -> AsyncIterator[float]:
        """Wait until `request` is worked on; the place is kept until the block is left.

        It yields the monotonic time before which no answer begins.
        """
        wait_s = self._way_s(request)
        if self._requests is not None:
            now_s = monotonic_s()
            wait_s = self._requests.reserve(1, now_s + wait_s) - now_s
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        async with nullcontext() if self._turns is None else self._turns.taken():
            yield monotonic_s() + self.limits.service_s

    def lanes(self, node: str, *, of_registry: bool = True) -> tuple[Lane, ...]:
        """Through what an answer to `node` goes; one not `of_registry` comes from elsewhere."""
        if not self.is_on:
            return ()
        found = []
        if self.limits.node_bytes_per_s is not None and node not in self._without_cap:
            if node not in self._nodes:
                self._nodes[node] = self.sharing.lane(self.limits.node_bytes_per_s)
            found.append(self._nodes[node])
        if of_registry and self._egress is not None:
            found.append(self._egress)
        return tuple(found)

    def _way_s(self, request: GatewayRequest) -> float:
        """The round trips of `request`, and of a connection's making before its first one."""
        if not self.limits.round_trip_s:
            return 0.0
        trips = 1
        if not request.connection.is_known:
            request.connection.is_known = True
            is_tls = request.scope["scheme"] == "https"
            trips += _TLS_ROUND_TRIPS if is_tls else _TCP_ROUND_TRIPS
        return trips * self.limits.round_trip_s
