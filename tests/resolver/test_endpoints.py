"""The sockets: one number for UDP and TCP, many nodes, peers that misbehave."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from harness.chance import Chance
from harness.resolver import endpoints as endpoints_module
from harness.resolver.answers import NameServer
from harness.resolver.dns_rules import Rule
from harness.resolver.endpoints import Endpoints, PortError
from harness.resolver.zone import Zone
from harness.seams import DnsMode
from tests.dns_clients import (
    LOOPBACK,
    NAME,
    addresses,
    ask_tcp,
    ask_udp,
    code,
    framed,
    question,
    read_framed,
)


@asynccontextmanager
async def serving(*nodes: str) -> AsyncIterator[tuple[NameServer, Endpoints]]:
    server = NameServer(zone=Zone(name=NAME, address=LOOPBACK, others="nxdomain"))
    endpoints = Endpoints()
    try:
        await endpoints.open(server, LOOPBACK, dict.fromkeys(nodes or ("n1",), 0))
        yield server, endpoints
    finally:
        endpoints.close()
        await asyncio.sleep(0)


def delaying(delay_ms: int) -> Rule:
    return Rule(
        rule="slow",
        mode=DnsMode.DELAY,
        nodes=frozenset({"n1"}),
        share=1.0,
        chance=Chance(1, "dns"),
        deadline_s=float("inf"),
        delay_ms=delay_ms,
    )


def test_hundreds_of_nodes_have_a_port_each_for_both_transports() -> None:
    """Every node's port answers over UDP and over TCP."""

    async def main() -> None:
        async with serving(*(f"n{number}" for number in range(200))) as (_, endpoints):
            assert len(set(endpoints.ports.values())) == 200
            for port in list(endpoints.ports.values())[::40]:
                assert addresses(await ask_udp(port, question())) == [LOOPBACK]
                assert addresses(await ask_tcp(port, question())) == [LOOPBACK]

    asyncio.run(main())


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_taken_port_is_named(kind: socket.SocketKind) -> None:
    """A port that is asked for and taken, for either transport, is one sentence."""

    async def main() -> None:
        server = NameServer(zone=Zone(name=NAME, address=LOOPBACK, others="nxdomain"))
        with socket.socket(socket.AF_INET, kind) as taker:
            taker.bind((LOOPBACK, 0))
            if kind is socket.SOCK_STREAM:
                taker.listen()
            port = taker.getsockname()[1]
            with pytest.raises(PortError, match=f"port {port} of 127.0.0.1: cannot be listened on"):
                await Endpoints().open(server, LOOPBACK, {"n1": port})

    asyncio.run(main())


def test_queries_on_one_connection_are_answered_in_pieces_and_in_any_order() -> None:
    """Two queries in odd pieces; the delayed one does not hold the other back."""

    async def main() -> None:
        async with serving() as (server, endpoints):
            server.rules.add(delaying(300))
            reader, writer = await asyncio.open_connection(LOOPBACK, endpoints.ports["n1"])
            stream = framed(question(number=1)) + framed(question("other.test", number=2))
            for start in range(0, len(stream), 7):
                writer.write(stream[start : start + 7])
                await writer.drain()
            answers = [await asyncio.wait_for(read_framed(reader), 5) for _ in range(2)]
            assert [int.from_bytes(answer[:2], "big") for answer in answers] == [2, 1]
            writer.close()
            await writer.wait_closed()

    asyncio.run(main())


@pytest.mark.parametrize("start", [b"", b"\0", b"\0\x40half"])
def test_a_peer_that_does_not_finish_is_hung_up_on(
    start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query that never becomes whole costs its peer the connection, bytes in between or not."""
    monkeypatch.setattr(endpoints_module, "_PEER_PATIENCE_S", 0.3)

    async def main() -> None:
        async with serving() as (_, endpoints):
            reader, writer = await asyncio.open_connection(LOOPBACK, endpoints.ports["n1"])

            async def drip() -> None:
                for _ in range(25 if start else 0):
                    writer.write(b"x")
                    await asyncio.sleep(0.1)

            writer.write(start)
            async with asyncio.TaskGroup() as tasks:
                dripping = tasks.create_task(drip())
                with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                    await asyncio.wait_for(reader.readexactly(1), 5)
                assert dripping.done() is not bool(start)
                dripping.cancel()
            writer.close()

    asyncio.run(main())


@pytest.mark.parametrize("length", [b"\xff\xff", b"\0\0", b"\0\x0b"])
def test_a_query_of_absurd_length_is_hung_up_on(length: bytes) -> None:
    """The length alone is enough; the server never gathers 64 KiB from a stranger."""

    async def main() -> None:
        async with serving() as (_, endpoints):
            reader, writer = await asyncio.open_connection(LOOPBACK, endpoints.ports["n1"])
            writer.write(length)
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await asyncio.wait_for(reader.readexactly(1), 5)
            writer.close()

    asyncio.run(main())


def test_a_crowd_of_peers_is_bounded_and_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Connections beyond the limit are hung up on; UDP and other nodes answer as before."""
    monkeypatch.setattr(endpoints_module, "_PEERS_PER_NODE", 4)

    async def main() -> None:
        async with serving("n1", "n2") as (_, endpoints):
            port = endpoints.ports["n1"]
            crowd = [await asyncio.open_connection(LOOPBACK, port) for _ in range(4)]
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await ask_tcp(port, question())
            assert addresses(await ask_udp(port, question())) == [LOOPBACK]
            assert addresses(await ask_tcp(endpoints.ports["n2"], question())) == [LOOPBACK]
            for _, writer in crowd:
                writer.close()
                await writer.wait_closed()
            async with asyncio.timeout(5):
                while True:
                    try:
                        assert addresses(await ask_tcp(port, question())) == [LOOPBACK]
                        break
                    except (ConnectionError, asyncio.IncompleteReadError):
                        await asyncio.sleep(0.01)

    asyncio.run(main())


def test_a_peer_that_reads_nothing_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers do not pile up in memory for a peer that only asks."""
    monkeypatch.setattr(endpoints_module, "_UNREAD_BYTES", 1 << 12)

    async def main() -> None:
        async with serving() as (_, endpoints):
            loop = asyncio.get_running_loop()
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as peer:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                peer.setblocking(False)
                await loop.sock_connect(peer, (LOOPBACK, endpoints.ports["n1"]))
                many = framed(question()) * 200_000
                with pytest.raises(ConnectionError):
                    await asyncio.wait_for(loop.sock_sendall(peer, many), 30)

    asyncio.run(main())


def test_noise_over_udp_leaves_the_port_answering() -> None:
    """Empty, short and senseless datagrams, then a question."""

    async def main() -> None:
        async with serving() as (_, endpoints):
            port = endpoints.ports["n1"]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noise:
                for wire in (b"", b"\0", b"\xff" * 11, b"\xff" * 600, question()[:20]):
                    noise.sendto(wire, (LOOPBACK, port))
            assert code(await ask_udp(port, question())) == "NOERROR"

    asyncio.run(main())


def test_held_answers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """More delayed answers than the limit are lost, as from a full queue."""
    monkeypatch.setattr(endpoints_module, "_HELD_ANSWERS", 1)

    async def main() -> None:
        async with serving() as (server, endpoints):
            server.rules.add(delaying(500))
            asks = [ask_udp(endpoints.ports["n1"], question(), limit_s=1.5) for _ in range(3)]
            results = await asyncio.gather(*asks, return_exceptions=True)
            assert sum(isinstance(result, TimeoutError) for result in results) == 2

    asyncio.run(main())
