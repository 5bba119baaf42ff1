"""A node's requests in virtual time, and their samples: what `load.node_client` does for real."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from harness.clusters.simulated.simulated_connection import SimulatedConnection
from harness.clusters.simulated.simulated_exchange import (
    ConnectionLostError,
    SimulatedExchange,
    SinkContent,
)
from harness.clusters.simulated.simulated_handshake import handshake
from harness.clusters.simulated.simulated_lookup import look_up
from harness.clusters.simulated.simulated_network import (
    REGISTRY_PORT,
    SimulatedNetwork,
)
from harness.load.body_sinks import Progress
from harness.load.lookup import is_address
from harness.load.orders import REGISTRY_NAME
from harness.load.request_rows import Times, look_up_row, request_row
from harness.load.request_target import Place, UnsendableError, place_of, written
from harness.load.samples_file import SampleWriter
from harness.node.commands import Failing, Reply, Request, TransportFailure
from harness.recording.outcome import Outcome

IDLE_S: Final = 30.0  # as `load.node_client.IDLE_S`
_IDLE_PER_HOST_MAX: Final = 2
_SENT_AGAIN_AFTER: Final = (Failing.EOF, Failing.RESET)
_REPEATABLE: Final = ("GET", "HEAD")
_NO_BODY: Final = (204, 304)
_OK, _PARTIAL = 200, 206
_NAN: Final = float("nan")

_Pool = tuple[str, str, int]  # the rules' client, host, port


@dataclass(kw_only=True)
class _Sending:
    request: Request
    pull: str
    first_byte_s: float = _NAN
    dial_s: float = 0.0


@dataclass(kw_only=True)
class SimulatedWire:
    """One for each pull or push: it makes connections of its own.

    `idle_s`: how long idle connections outlive it.
    """

    node: str
    network: SimulatedNetwork
    samples: SampleWriter
    idle_s: float = 0.0
    requests: int = 0
    requests_failed: int = 0
    _astray: tuple[str, str, Callable[[], None]] | None = None
    _idle: dict[_Pool, list[SimulatedConnection]] = field(default_factory=lambda: defaultdict(list))
    _connections: dict[SimulatedConnection, None] = field(default_factory=dict)
    _contents: dict[str, SinkContent] = field(default_factory=dict)
    _progress: Progress = field(default_factory=Progress)

    @property
    def registry_url(self) -> str:
        return f"{self.network.scheme}://{REGISTRY_NAME}:{REGISTRY_PORT}"

    def lead_astray(self, url: str, fault: str, tell: Callable[[], None]) -> None:
        """See `load.node_client.NodeWire.lead_astray`."""
        self._astray = (f"{url}/", fault, tell)

    async def perform_timed(
        self, request: Request, *, pull: str
    ) -> tuple[Reply | TransportFailure, float]:
        """See `load.node_client.NodeWire.perform_timed`."""
        network = self.network
        sent_s = network.now_s()
        self.requests += 1
        sending = _Sending(request=request, pull=pull)
        outcome: Reply | TransportFailure | None = None
        led_by = ""
        if self._astray is not None and request.url.startswith(self._astray[0]):
            _, led_by, tell = self._astray
            tell()
        self._progress.begin()
        try:
            outcome = await self._send(sending)
        finally:
            self._progress.end()
            times = Times(
                due_s=sent_s,
                sent_s=sent_s,
                first_byte_s=sending.first_byte_s,
                done_s=network.now_s(),
            )
            row = request_row(
                request, outcome, pull=pull, node=self.node, times=times, led_by=led_by
            )
            self.samples.add("requests", row)
            *_, ended, _, _ = row
            self.requests_failed += ended == Outcome.FAILED
        return outcome, sending.dial_s

    def close(self) -> None:
        """Close what is in use, and what is idle when it has been so for `idle_s`."""
        idle = {connection: None for pool in self._idle.values() for connection in pool}
        for connection in list(self._connections):
            if self.idle_s and connection in idle and connection.is_usable:
                left_s = connection.used_s + self.idle_s - self.network.now_s()
                connection.loop.call_later(max(0.0, left_s), connection.hang_up)
            else:
                connection.hang_up()
        self._connections.clear()
        self._idle.clear()

    async def _send(self, sending: _Sending) -> Reply | TransportFailure:
        request = sending.request
        try:
            place = place_of(request.url)
            written(request, place)
        except UnsendableError as error:
            return error.failure
        pool = (request.client, place.host, place.port)
        while True:
            connection = self._take(pool)
            is_kept = connection is not None
            if connection is None:
                dialled = await self._dial(place, sending)
                if isinstance(dialled, TransportFailure):
                    return dialled
                connection = dialled
            exchange = SimulatedExchange(
                connection=connection,
                network=self.network,
                request=request,
                place=place,
                progress=self._progress,
                contents=self._contents,
            )
            try:
                return await exchange.reply()
            except ConnectionLostError as died:
                connection.hang_up()
                again = is_kept and not died.answered and request.method in _REPEATABLE
                if again and died.failure.failing in _SENT_AGAIN_AFTER:
                    continue
                return died.failure
            except BaseException:  # the pull was ended where it stood
                connection.hang_up()
                raise
            finally:
                sending.first_byte_s = exchange.first_byte_s
                self._keep(pool, connection)

    def _take(self, pool: _Pool) -> SimulatedConnection | None:
        idle = self._idle[pool]
        while idle:
            connection = idle.pop()
            if connection.is_usable and self.network.now_s() - connection.used_s < IDLE_S:
                return connection
            connection.hang_up()
        return None

    def _keep(self, pool: _Pool, connection: SimulatedConnection) -> None:
        if connection.is_usable and len(self._idle[pool]) < _IDLE_PER_HOST_MAX:
            self._idle[pool].append(connection)
        else:
            connection.hang_up()
            self._connections.pop(connection, None)

    async def _dial(
        self, place: Place, sending: _Sending
    ) -> SimulatedConnection | TransportFailure:
        began_s = self.network.now_s()
        try:
            return await self._dialled(place, sending)
        finally:
            sending.dial_s += self.network.now_s() - began_s

    async def _dialled(
        self, place: Place, sending: _Sending
    ) -> SimulatedConnection | TransportFailure:
        until_s = self.network.now_s() + sending.request.dial_timeout_s
        address = place.host
        if not is_address(address):
            found = await self._look_up(place.host, sending)
            if isinstance(found, TransportFailure):
                return found
            address = found[0]
        left_s = until_s - self.network.now_s()
        made = await self.network.connect(self.node, address, place.port, left_s)
        if isinstance(made, TransportFailure):
            return made
        self._connections[made] = None
        if place.tls and (failure := await handshake(made, self.network, place.host)):
            made.hang_up()
            return failure
        return made

    async def _look_up(self, name: str, sending: _Sending) -> tuple[str, ...] | TransportFailure:
        sent_s = self.network.now_s()
        found = await look_up(self.network, self.node, name, sending.request.dial_timeout_s)
        row = look_up_row(
            found if isinstance(found, TransportFailure) else None,
            pull=sending.pull,
            node=self.node,
            sent_s=sent_s,
            done_s=self.network.now_s(),
        )
        self.samples.add("requests", row)
        return found
