"""How a simulated node reaches the registry: look-ups, connections, handshakes, requests."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from starlette.types import ASGIApp, Message

from harness.clusters.simulated.known_answers import KnownAnswers
from harness.clusters.simulated.simulated_connection import SimulatedConnection
from harness.clusters.simulated.simulated_link import SimulatedProxy
from harness.gateway.client_connection import EXTENSION
from harness.gateway.handshakes import Handshakes
from harness.link.stage import End
from harness.load.body_sinks import KEPT_BYTES_MAX
from harness.node.commands import Failing, TransportFailure
from harness.node.hosts import NOBODY
from harness.resolver.answers import NameServer

ADDRESS: Final = "127.0.0.1"
REGISTRY_PORT: Final = 5000
STORAGE_PORT: Final = 5001
RESOLVER_PORT: Final = 53
# As on one machine: what an emulated node measures of an embedded registry that has nothing to do.
ROUND_TRIP_S: Final = 0.0005
SERVICE_S: Final = 0.001
# Linux sends a SYN again after these (net/ipv4/tcp_timer.c): 1 s, then twice as long each time.
_SYN_AT_S: Final = (0.0, 1.0, 3.0, 7.0, 15.0)
_FIRST_CLIENT_PORT: Final = 32768
_CLIENT_PORTS: Final = 28232  # net.ipv4.ip_local_port_range
_NO_BODY: Final = (204, 304)


class ServerState:
    """The registry's process."""

    def __init__(self) -> None:
        self.is_down = False
        self.running = asyncio.Event()
        self.running.set()


@dataclass(kw_only=True)
class SimulatedNetwork:
    """What lies between nodes and registry. `proxies` are empty without a link.

    `ports`: by which port the gateway knows each node. `failed`: what nobody expected.
    """

    gateway: ASGIApp
    server: ServerState
    proxies: Mapping[str, SimulatedProxy]
    ports: Mapping[str, int]
    names: NameServer
    handshakes: Handshakes | None
    scheme: Literal["http", "https"]
    ca_pem: str
    known: KnownAnswers
    made_content: Any  # the object behind content that is what it should be
    failed: list[BaseException] = field(default_factory=list)
    _opened: Any = field(default_factory=lambda: itertools.count(1))
    _open: dict[str, dict[SimulatedConnection, int]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    _serving: set[asyncio.Task[None]] = field(default_factory=set)

    def now_s(self) -> float:
        return asyncio.get_running_loop().time()

    async def connect(
        self, node: str, address: str, port: int, timeout_s: float
    ) -> SimulatedConnection | TransportFailure:
        """A connection, or how it failed."""
        place = f"{address}:{port}"
        until_s = self.now_s() + timeout_s
        if address == NOBODY:
            return await _timed_out(place, timeout_s)
        if not address.startswith("127.") or port not in (REGISTRY_PORT, STORAGE_PORT):
            return await _refused(place)
        proxy = self.proxies.get(node) if port == REGISTRY_PORT else None
        began_s = self.now_s()
        for syn_s in _SYN_AT_S:
            if began_s + syn_s >= until_s:
                break
            await _sleep_until(began_s + syn_s)
            if address != ADDRESS or (self.server.is_down if proxy is None else proxy.is_down):
                return await _refused(place)
            if proxy is None or not proxy.drops_new:
                await asyncio.sleep(ROUND_TRIP_S)
                return self._connected(node, place, proxy)
        return await _timed_out(place, until_s - self.now_s())

    def _connected(
        self, node: str, place: str, proxy: SimulatedProxy | None
    ) -> SimulatedConnection:
        opened = next(self._opened)
        own = _FIRST_CLIENT_PORT + opened % _CLIENT_PORTS
        connection = SimulatedConnection(
            number=opened if proxy is None else next(proxy.numbers),
            node=node,
            ends=f"{ADDRESS}:{own}->{place}",
        )
        self._open[node][connection] = opened
        connection.older_connections = self._older
        connection.on_close = self._closed
        if proxy is not None and (self.server.is_down or proxy.is_down):
            connection.close()  # there is nobody behind the link
        elif proxy is not None:
            proxy.toxics.admit(connection)
        return connection

    def _closed(self, connection: SimulatedConnection) -> None:
        self._open[connection.node].pop(connection, None)
        proxy = self.proxies.get(connection.node)
        if proxy is not None:
            proxy.toxics.forget(connection)

    def _older(self, mine: SimulatedConnection, per: str) -> int:
        nodes = [mine.node] if per == "node" else list(self._open)
        opened = self._open[mine.node].get(mine, 0)
        return sum(number < opened for node in nodes for number in self._open[node].values())

    def end_connections(self) -> None:
        """The registry's process is gone, and its system closes what it had open."""
        for connections in list(self._open.values()):
            for connection in list(connections):
                connection.flows["downstream"].send(End.FIN)

    def serve(self, connection: SimulatedConnection) -> None:
        """Let the gateway answer the request that has arrived on `connection`."""
        task = asyncio.get_running_loop().create_task(self._answer(connection))
        self._serving.add(task)
        task.add_done_callback(self._served)

    def _served(self, task: "asyncio.Task[None]") -> None:
        self._serving.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failed.append(error)

    async def _answer(self, connection: SimulatedConnection) -> None:
        await asyncio.sleep(ROUND_TRIP_S + SERVICE_S)
        if not self.server.running.is_set():
            await self.server.running.wait()
        if connection.closing or self.server.is_down:
            return
        body, method = connection.body, connection.method

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                connection.send_head(message["status"], list(message["headers"]))
                return
            content = message.get("body", b"")
            answer = connection.answer
            if content and method != "HEAD" and answer.status not in _NO_BODY:
                self._send_content(connection, content)
            if not message.get("more_body", False):
                answer.is_whole = True
                connection.woken()

        await self.gateway(connection.request, receive, send)

    def _send_content(self, connection: SimulatedConnection, content: Any) -> None:
        if isinstance(content, memoryview):
            connection.answer.intact &= content.obj is self.made_content
        else:
            connection.answer.intact = False  # of a layer: it was changed on its way
            connection.answer.body += content[:KEPT_BYTES_MAX]
            content = memoryview(content)
        connection.send_body(content)

    def scope(self, connection: SimulatedConnection, port: int, **request: Any) -> dict[str, Any]:
        """A request as the gateway's server would hand it over."""
        number = port if port == STORAGE_PORT else self.ports[connection.node]
        return {
            "type": "http",
            "scheme": self.scheme,
            "server": (ADDRESS, number),
            "client": (ADDRESS, 0),
            "extensions": {EXTENSION: connection},
            **request,
        }

    async def greet(self, connection: SimulatedConnection) -> None:
        """Answer a client's hello, with the certificate that a rule may have chosen."""
        assert self.handshakes is not None
        rule = self.handshakes.biting(self.ports[connection.node])
        await asyncio.sleep(ROUND_TRIP_S)
        if not self.server.running.is_set():
            await self.server.running.wait()
        if rule is not None:
            rule.bites += 1
        if rule is not None and not rule.order.certificate:
            await rule.gone.wait()
            if rule.order.drops:  # what a closed socket has not read ends it with a reset
                connection.flows["downstream"].send(End.RESET)
                return
        if not connection.closing:
            connection.show(rule.order.certificate if rule is not None else "")

    def greeted(self, connection: SimulatedConnection) -> None:
        """A client's hello has arrived."""
        task = asyncio.get_running_loop().create_task(self.greet(connection))
        self._serving.add(task)
        task.add_done_callback(self._served)


async def _sleep_until(at_s: float) -> None:
    left_s = at_s - asyncio.get_running_loop().time()
    if left_s > 0:
        await asyncio.sleep(left_s)


async def _refused(place: str) -> TransportFailure:
    await asyncio.sleep(ROUND_TRIP_S)
    detail = f"dial tcp {place}: connect: connection refused"
    return TransportFailure(failing=Failing.DIAL_REFUSED, detail=detail)


async def _timed_out(place: str, wait_s: float) -> TransportFailure:
    await asyncio.sleep(max(0.0, wait_s))
    return TransportFailure(failing=Failing.DIAL_TIMEOUT, detail=f"dial tcp {place}: i/o timeout")
