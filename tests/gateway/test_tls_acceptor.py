"""The door of a TLS gateway, over real sockets: certificates that rules choose, and waiting."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from harness.gateway.handshakes import HandshakeOrder, Handshakes, server_context
from harness.gateway.tls_acceptor import Door
from harness.seams import Certificate
from tests.registry_server import eventually, run
from tests.tls_lab import authority, good, met


class Echo(asyncio.Protocol):
    """Says back what it hears."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


@dataclass(kw_only=True)
class Served:
    handshakes: Handshakes
    door: Door
    ports: tuple[int, ...]  # of n0 and n1

    def rule(
        self, wanted: Certificate | None, *, nodes: tuple[str, ...] = (), drops: bool = False
    ) -> str:
        """Add a rule; None holds handshakes."""
        order = HandshakeOrder(
            rule="f-1.1",
            fault="f-1",
            certificate="" if wanted is None else authority().certificate(wanted),
            drops=drops,
            nodes=nodes,
            deadline_s=time.monotonic() + 60,
        )
        self.handshakes.add(order)
        return order.rule

    def bites(self) -> int:
        return self.handshakes.bites(["f-1.1"])["f-1.1"]

    async def bitten(self) -> bool:
        return self.bites() == 1

    async def nobody_waits(self) -> bool:
        return not self.door._under_way


@asynccontextmanager
async def opened() -> AsyncIterator[Served]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ports = tuple(it.getsockname()[1] for it in listeners)
    handshakes = Handshakes(server_context(good()), dict(zip(ports, ("n0", "n1"), strict=True)))
    door = Door(listeners, handshakes, Echo)
    door.open()
    try:
        yield Served(handshakes=handshakes, door=door, ports=ports)
    finally:
        door.close()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Certificate(expired_s=60), "certificate has expired"),
        (Certificate(name="other.test"), "Hostname mismatch"),
        (Certificate(unknown_authority=True), "unable to get local issuer certificate"),
    ],
)
def test_a_rule_shows_another_certificate_to_its_nodes(wanted: Certificate, said: str) -> None:
    """Others see the good one; after the heal all do; each handshake is a bite."""

    async def main() -> None:
        async with opened() as served:
            here, there = served.ports
            assert await met(here) == "good"
            rule = served.rule(wanted, nodes=("n0",))
            assert said in await met(here)
            assert said in await met(here)
            assert await met(there) == "good"
            assert served.bites() == 2
            served.handshakes.remove(rule)
            assert await met(here) == "good"
            assert served.bites() == 2

    run(main())


def test_a_handshake_that_is_held_goes_on_when_the_rule_is_gone() -> None:
    """Its first message was not lost; the wait is one bite."""

    async def main() -> None:
        async with opened() as served:
            rule = served.rule(None, nodes=("n0",))
            waiting = asyncio.ensure_future(met(served.ports[0], patience_s=20))
            await eventually(served.bitten)
            assert await met(served.ports[1]) == "good"
            assert not waiting.done()
            served.handshakes.remove(rule)
            assert await waiting == "good"
            assert served.bites() == 1

    run(main())


def test_a_handshake_that_is_dropped_never_gets_an_answer() -> None:
    """It waits, is cut off when the rule is gone, and the next one is answered."""

    async def main() -> None:
        async with opened() as served:
            rule = served.rule(None, nodes=("n0",), drops=True)
            waiting = asyncio.ensure_future(met(served.ports[0], patience_s=20))
            await eventually(served.bitten)
            assert not waiting.done()
            served.handshakes.remove(rule)
            assert "Connection" in await waiting
            assert await met(served.ports[0]) == "good"

    run(main())


def test_who_gives_up_or_says_nothing_is_let_go() -> None:
    """A connection without a first message is no bite: health checks open and close them."""

    async def main() -> None:
        async with opened() as served:
            served.rule(None)
            _, silent = await asyncio.open_connection("127.0.0.1", served.ports[0])
            assert await met(served.ports[0], patience_s=0.5) == "TimeoutError"
            assert served.bites() == 1
            assert len(served.door._under_way) >= 1
            silent.close()
            await eventually(served.nobody_waits)
            assert served.bites() == 1

    run(main())


def test_closing_ends_those_who_wait() -> None:
    async def main() -> None:
        async with opened() as served:
            served.rule(None)
            waiting = asyncio.ensure_future(met(served.ports[0], patience_s=20))
            await eventually(served.bitten)
            served.door.close()
            assert await waiting in ("ConnectionResetError", "SSLEOFError")
            assert await met(served.ports[0]) == "ConnectionRefusedError"

    run(main())


def test_a_client_without_tls_is_hung_up_on_and_others_are_served() -> None:
    """And many at once are all let in."""

    async def main() -> None:
        async with opened() as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.ports[0])
            writer.write(b"GET /v2/ HTTP/1.1\r\nHost: r\r\n\r\n")
            async with asyncio.timeout(10):
                assert b"HTTP" not in await reader.read()
            writer.close()
            seen = await asyncio.gather(*(met(served.ports[0], patience_s=20) for _ in range(150)))
            assert set(seen) == {"good"}

    run(main())
