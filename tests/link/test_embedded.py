"""What the embedded link promises beyond Toxiproxy: safety, deadlines, resets, bounded memory."""

import asyncio
import socket
import struct
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.environment.link import open_link
from harness.link.address import split_address
from harness.link.flow import Budget
from harness.link.proxy import Proxy
from harness.link.toxic_chain import Toxic
from harness.process.child import ChildError
from tests.link_lab import Lab, blob, new_run, open_lab, soon, until


async def request(lab: Lab, method: str, path: str, **more: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=lab.service.control_url, trust_env=False) as api:
        return await api.request(method, path, **more)


def bearer(lab: Lab) -> dict[str, str]:
    return {"Authorization": f"Bearer {lab.service.control_token}"}


def test_the_control_api_wants_its_token(tmp_path: Path) -> None:
    """Without it, with a wrong one, or with it in the URL nothing is told or done."""

    async def main() -> None:
        async with open_lab("embedded", tmp_path) as lab:
            token = lab.service.control_token
            assert len(token) > 20
            assert token not in repr(lab.service)
            assert (await request(lab, "GET", "/proxies")).status_code == 401
            wrong = {"Authorization": "Bearer wrong"}
            assert (await request(lab, "POST", "/reset", headers=wrong)).status_code == 401
            assert (await request(lab, "GET", f"/proxies?token={token}")).status_code == 401
            assert (await request(lab, "GET", "/proxies", headers=bearer(lab))).status_code == 200

    asyncio.run(main())


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example"},
        {"Host": "attacker.example:80"},
        {"Host": ""},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "null"},
        {"User-Agent": "Mozilla/5.0"},
    ],
)
def test_what_a_web_page_could_send_is_refused(tmp_path: Path, headers: dict[str, str]) -> None:
    """A rebound name, an Origin or a browser's name is 403, also with the token."""

    async def main() -> None:
        async with open_lab("embedded", tmp_path) as lab:
            refused = await request(lab, "GET", "/proxies", headers={**bearer(lab), **headers})
            assert refused.status_code == 403

    asyncio.run(main())


def test_endless_headers_are_cut_off(tmp_path: Path) -> None:
    """Who never comes to the point is answered 400, and others are served on."""

    async def main() -> None:
        async with open_lab("embedded", tmp_path) as lab:
            port = split_address(lab.service.control_url.removeprefix("http://"))[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /version HTTP/1.1\r\n" + b"x: y\r\n" * 100_000)
            assert b" 400 " in await soon(reader.readline())
            writer.transport.abort()
            assert await lab.service.healthy()

    asyncio.run(main())


def test_a_body_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    """5 MiB of proxies are 413."""

    async def main() -> None:
        async with open_lab("embedded", tmp_path) as lab:
            body = b" " * (5 << 20)
            refused = await request(lab, "POST", "/populate", content=body, headers=bearer(lab))
            assert refused.status_code == 413

    asyncio.run(main())


def test_an_open_control_api_is_as_toxiproxys(tmp_path: Path) -> None:
    """For people's own tools it asks for nothing but still refuses web pages."""

    async def main() -> None:
        with new_run(tmp_path) as run:
            async with open_link(
                run, kind="embedded", upstream_ports={"n": 9}, open_control=True
            ) as service:
                assert service.control_token == ""
                lab = Lab(service=service)
                assert set((await request(lab, "GET", "/proxies")).json()) == {"n"}
                page = {"Origin": "http://localhost"}
                assert (await request(lab, "GET", "/proxies", headers=page)).status_code == 403

    asyncio.run(main())


def test_a_taken_control_port_is_one_sentence(tmp_path: Path) -> None:
    """The service says which address it could not have."""

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken, new_run(tmp_path) as run:
            port = taken.getsockname()[1]
            service = open_link(run, kind="embedded", upstream_ports={"n": 9}, control_port=port)
            with pytest.raises(ChildError, match=rf"cannot listen on 127\.0\.0\.1:{port}: "):
                await service.__aenter__()

    asyncio.run(main())


def test_a_toxic_goes_by_itself_at_its_deadline(tmp_path: Path) -> None:
    """Nobody heals, and still the link is as before; healing afterwards is no error."""

    async def main() -> None:
        async with open_lab("embedded", tmp_path) as lab:
            link = lab.service.link(lab.scope(lifetime_s=0.5))
            async with link.toxic("limit_data", {"bytes": 0}), link.down(share=0.5):
                assert any(proxy["toxics"] for proxy in (await lab.proxies()).values())

                async def gone() -> bool:
                    proxies = (await lab.proxies()).values()
                    return all(proxy["enabled"] and not proxy["toxics"] for proxy in proxies)

                await until(gone, "toxic and outage passed their deadline")
                await lab.echo("node-0")
                await lab.echo("node-1")

    asyncio.run(main())


@pytest.mark.parametrize("value", [0, -1, "1s", True, "NaN"])
def test_a_lifetime_that_makes_no_sense_is_refused(tmp_path: Path, value: object) -> None:
    """Not a number of seconds above 0: 400, and nothing was changed."""

    async def main() -> None:
        async with open_lab("embedded", tmp_path) as lab:
            body = {"type": "latency", "enabled": False, "harness_lifetime_s": value}
            for path in ("/proxies/node-0/toxics", "/proxies/node-0"):
                refused = await request(lab, "POST", path, json=body, headers=bearer(lab))
                assert refused.status_code == 400
                assert "harness_lifetime_s" in refused.json()["error"]

    asyncio.run(main())


def test_reset_peer_resets_connections_that_were_open_before(tmp_path: Path) -> None:
    """A live connection gets a real RST, which Toxiproxy cannot give it."""

    async def main() -> None:
        async with open_lab("embedded", tmp_path) as lab:
            old = await lab.ask("echo")
            await lab.echo(stream=old)
            async with lab.link().toxic("reset_peer", {"timeout": 0}):
                old[1].write(b"ping")
                with pytest.raises(ConnectionResetError):
                    await soon(old[0].read(-1))

    asyncio.run(main())


def test_a_half_closed_client_still_gets_its_answer(tmp_path: Path) -> None:
    """The end of the upload reaches the upstream, and the answer comes back after it."""

    async def main() -> None:
        async with open_lab("embedded", tmp_path) as lab:
            reader, writer = await lab.ask("count")
            writer.write(blob(500_000))
            writer.write_eof()
            assert await soon(reader.read(-1)) == b"500000"

    asyncio.run(main())


def test_bites_outlive_the_fault_and_are_apart(tmp_path: Path) -> None:
    """Each occurrence counts its own connections, exactly, also after its heal."""

    async def main() -> None:
        async with open_lab("embedded", tmp_path) as lab:
            first, second = lab.link("latency-1"), lab.link("latency-1")
            async with first.toxic("latency", {"latency": 1}):
                for _ in range(3):
                    await lab.echo()
            async with second.toxic("latency", {"latency": 1}):
                await lab.echo("node-1")
                assert (await second.bites()).count == 1
            assert (await first.bites()).count == 3
            untouched = lab.link("limit-1")
            async with untouched.toxic("limit_data", {"bytes": 1 << 30}):
                await lab.echo()
            assert (await untouched.bites()).count == 0
            for repeat in range(2):
                outage = lab.link("down-1")
                stream = await lab.ask("echo")
                await lab.echo(stream=stream)
                open_count = len(lab.writers) if repeat == 0 else 1
                async with outage.down():
                    assert await soon(stream[0].read(-1)) == b""
                bites = await outage.bites()
                assert bites.count is None  # nobody counts those that the system refused
                (ended,) = bites.details.values()
                assert ended["connections"] == open_count
            idle = lab.link("down-2")
            async with idle.down():
                pass
            assert (await idle.bites()).count is None

    asyncio.run(main())


@asynccontextmanager
async def proxied(
    serve: Any, *, budget: Budget, toxics: Mapping[str, Mapping[str, int]]
) -> AsyncIterator[tuple[Proxy, int]]:
    """A proxy in this process before `serve(reader, writer)`."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    upstream = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    proxy = Proxy("node-0", "127.0.0.1:0", upstream, seed=7, budget=budget)
    await proxy.resolve()
    await proxy.enable()
    for kind, attributes in toxics.items():
        proxy.toxics.add(
            Toxic(
                name=kind,
                type=kind,
                stream="downstream",
                toxicity=1.0,
                attributes=dict(attributes),
                tally=proxy.toxics.tally(kind),
            )
        )
    yield proxy, split_address(proxy.listen)[1]
    await proxy.close()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    ("toxics", "most_bytes"),
    [
        ({}, 256 << 10),
        ({"latency": {"latency": 600_000, "jitter": 0}}, (1 << 20) + (64 << 10)),
        ({"bandwidth": {"rate": 1}}, 128 << 10),
        ({"slicer": {"average_size": 1000, "size_variation": 0, "delay": 1_000_000}}, 128 << 10),
        (
            {"latency": {"latency": 1000, "jitter": 0}, "bandwidth": {"rate": 10}},
            (256 << 10) + 10_100 + (64 << 10),
        ),
    ],
)
def test_a_receiver_that_does_not_read_slows_its_sender(
    toxics: Mapping[str, Mapping[str, int]], most_bytes: int
) -> None:
    """However much the upstream has, the link holds no more than its bound, and lets go of all."""
    sent_bytes = 0

    async def pour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent_bytes
        try:
            while True:
                writer.write(bytes(64 << 10))
                await writer.drain()
                sent_bytes += 64 << 10
        except ConnectionError:
            writer.close()

    async def main() -> None:
        budget = Budget(1 << 20)
        async with proxied(pour, budget=budget, toxics=toxics) as (_, port):
            with socket.create_connection(("127.0.0.1", port)):
                stalled_at = -1
                while stalled_at != sent_bytes or not sent_bytes:
                    stalled_at = sent_bytes
                    await asyncio.sleep(0.3)
                    assert budget.held_bytes <= most_bytes
                assert budget.held_bytes > 0
        assert budget.held_bytes == 0

    asyncio.run(main())


def test_beyond_the_budget_every_connection_still_moves() -> None:
    """Latency on more data than may be held makes it slower, never stuck, and loses nothing."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(blob(400_000))
        await writer.drain()
        writer.close()

    async def main() -> None:
        budget = Budget(100_000)
        toxics = {"latency": {"latency": 20, "jitter": 0}}
        async with proxied(serve, budget=budget, toxics=toxics) as (_, port):

            async def fetch() -> bytes:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                got = await reader.read(-1)
                writer.close()
                return got

            for got in await soon(asyncio.gather(*(fetch() for _ in range(8)))):
                assert got == blob(400_000)
        assert budget.held_bytes == 0

    asyncio.run(main())


def test_an_upstream_that_resets_is_passed_on_as_a_reset() -> None:
    """The client sees what the gateway did, not a clean end."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        side = writer.get_extra_info("socket")
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async def main() -> None:
        async with proxied(serve, budget=Budget(), toxics={}) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"x")
            with pytest.raises(ConnectionResetError):
                await soon(reader.read(-1))
            writer.transport.abort()

    asyncio.run(main())


@pytest.mark.parametrize("accepted", [True, False])
def test_who_was_let_in_is_not_reset_when_the_proxy_closes(*, accepted: bool) -> None:
    """Neither one whose next request waits unread, nor one who waits to be accepted."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(100))
        await reader.read(-1)
        writer.close()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with proxied(serve, budget=Budget(), toxics={}) as (proxy, port):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.setblocking(False)
                if accepted:
                    client.send(b"ping")
                    assert await soon(loop.sock_recv(client, 4)) == b"ping"
                client.send(b"more")  # no turn of the loop from here: the link does not read it
                await proxy.disable()
                assert await soon(loop.sock_recv(client, 1)) == b""

    asyncio.run(main())


def test_nobody_behind_ends_the_client() -> None:
    """With the upstream gone the client connects and is closed, as with Toxiproxy."""

    async def main() -> None:
        proxy = Proxy("node-0", "127.0.0.1:0", "127.0.0.1:1", seed=7, budget=Budget())
        await proxy.resolve()
        await proxy.enable()
        reader, writer = await asyncio.open_connection(*split_address(proxy.listen))
        assert await soon(reader.read(-1)) == b""
        writer.close()
        await proxy.close()

    asyncio.run(main())


@pytest.mark.skipif(sys.platform != "linux", reason="the port of a bound socket is kept on Linux")
def test_a_disabled_proxy_keeps_its_port() -> None:
    """Nobody else can listen there meanwhile, so that healing cannot fail."""

    async def main() -> None:
        proxy = Proxy("node-0", "127.0.0.1:0", "127.0.0.1:1", seed=7, budget=Budget())
        await proxy.enable()
        await proxy.disable()
        with pytest.raises(OSError, match="in use"), socket.socket() as rival:
            rival.bind(("127.0.0.1", split_address(proxy.listen)[1]))
        await proxy.enable()
        await proxy.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("address", "parts"),
    [("127.0.0.1:80", ("127.0.0.1", 80)), ("[::1]:80", ("::1", 80)), (":0", ("", 0))],
)
def test_an_address_is_host_and_port(address: str, parts: tuple[str, int]) -> None:
    """IPv6 addresses are in brackets, an empty host is every one."""
    assert split_address(address) == parts


@pytest.mark.parametrize("address", ["", "host", "host:", "host:x", "host:65536", "host:-1"])
def test_an_address_without_a_port_is_refused(address: str) -> None:
    """The message has the address and the rule."""
    with pytest.raises(ValueError, match="not host:port"):
        split_address(address)
