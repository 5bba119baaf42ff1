"""The reverse proxy before servers that do as they are told, and some that do as they like."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from harness.gateway.access_log import AccessLog
from harness.gateway.rules import Rules
from harness.gateway.upstream.addresses import Addresses
from harness.gateway.upstream.http_client import Pool
from harness.gateway.upstream.reverse_proxy import Upstream
from tests.registry_server import eventually, listening, read_raw, run
from tests.scripted_server import (
    FIN,
    HANG,
    Ask,
    ScriptedServer,
    Steps,
    free_port,
    ok,
    promised,
    scripted,
)

BLOB = "/v2/app/blobs/sha256:" + "a" * 64
GROWTH_BYTES = 64 << 20  # far below what is sent through, far above what buffers need


@dataclass(kw_only=True)
class Proxied:
    """The gateway before an upstream."""

    port: int
    rules: Rules
    log: AccessLog

    def client(self, **settings: Any) -> httpx.AsyncClient:
        url = f"http://127.0.0.1:{self.port}"
        return httpx.AsyncClient(base_url=url, timeout=20, trust_env=False, **settings)


@asynccontextmanager
async def proxied(folder: Path, url: str, allowed: Sequence[str] = ()) -> AsyncIterator[Proxied]:
    pool = Pool()
    async with listening(Upstream(Addresses(url, allowed), pool), folder, ("n0",)) as (
        rules,
        log,
        ports,
    ):
        yield Proxied(port=ports["n0"], rules=rules, log=log)
    pool.close()


async def last(port: int, path: str) -> bytes:
    """All that is answered to the last request of a connection, with `path` as it is written."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: r\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    return answer


def recorded(folder: Path) -> list[dict[str, Any]]:
    """The access records that are written."""
    return [json.loads(line) for line in (folder / "access.jsonl").read_text().splitlines()]


def test_what_is_asked_and_answered_arrives_whole(tmp_path: Path) -> None:
    """Method, path, query, headers and body one way; status, headers and body the other."""
    body = bytes(range(256)) * 4096

    async def main(server: ScriptedServer) -> None:
        async with proxied(tmp_path, server.url) as up, up.client() as client:
            span = {"Range": "bytes=5-9", "Connection": "x-mine, keep-alive", "X-Mine": "1"}
            got = await client.get(BLOB, params={"q": "a b"}, headers=span)
            assert (got.status_code, got.content) == (206, body)
            assert got.headers["content-range"] == "bytes 5-9/99"
            assert got.headers["x-kept"] == "yes"
            assert "x-hop" not in got.headers
            put = await client.put("/v2/app/manifests/v1", content=body)
            assert put.status_code == 206
            head = await client.head(BLOB)
            assert (head.headers["content-length"], head.content) == (str(len(body)), b"")

    answer = ok(
        body,
        "Content-Range: bytes 5-9/99",
        "X-Kept: yes",
        "Connection: x-hop",
        "X-Hop: 1",
        status="206 Partial Content",
    )

    def answers(ask: Ask, _: int) -> Steps:
        return (
            [answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"] if ask.method == "HEAD" else [answer]
        )

    with scripted(answers) as server:
        run(main(server))
    get, put, head = server.asks
    assert (get.method, get.path) == ("GET", f"{BLOB}?q=a+b")
    assert get.headers["range"] == "bytes=5-9"
    assert get.headers["host"] == f"127.0.0.1:{server.port}"
    assert "x-mine" not in get.headers
    assert (put.method, put.body) == ("PUT", body)
    assert head.method == "HEAD"
    assert server.accepted == 1  # one connection, kept


def test_a_body_in_chunks_goes_both_ways(tmp_path: Path) -> None:
    """A request of unknown length, and an answer of unknown length."""
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    closing = b"HTTP/1.1 200 OK\r\n\r\nuntil the end"

    async def main(server: ScriptedServer) -> None:
        async with proxied(tmp_path, server.url) as up, up.client() as client:
            assert (await client.get(BLOB)).content == b"abcde"
            assert (await client.get(BLOB)).content == b"until the end"

    with scripted([[chunked], [closing, FIN]]) as server:
        run(main(server))


def test_redirects_are_the_clients_to_follow(tmp_path: Path) -> None:
    """A blob elsewhere is fetched through the gateway, and the registry's login stays here."""

    async def main(registry: ScriptedServer, store: ScriptedServer) -> None:
        allowed = (f"127.0.0.1:{store.port}",)
        async with proxied(tmp_path, registry.url, allowed) as up, up.client() as client:
            login = {"Authorization": "Bearer secret"}
            led = await client.get(BLOB, headers=login)
            assert led.status_code == 307
            assert led.headers["location"].startswith(f"http://127.0.0.1:{up.port}{BLOB}?")
            assert store.accepted == 0
            got = await client.get(led.headers["location"], headers=login)
            assert got.content == b"content"

    with scripted([[ok(b"content")]]) as store:
        led = ok(b"", f"Location: {store.url}/signed?x=1", status="307 Temporary Redirect")
        with scripted([[led]]) as registry:
            run(main(registry, store))
    assert registry.asks[0].headers["authorization"] == "Bearer secret"
    assert store.asks[0].path == "/signed?x=1"
    assert "authorization" not in store.asks[0].headers


BREAKING = {
    "nobody there": ([], 502, "no connection"),
    "no answer": ([FIN], 502, "closed before its answer was whole"),
    "no HTTP": ([b"SSH-2.0-OpenSSH\r\n\r\n", FIN], 502, "no HTTP"),
    "a head of 10 MB": ([b"HTTP/1.1 200 OK\r\nX: " + b"a" * 10_000_000], 502, "longer than 64 KiB"),
    "endless headers": (
        [b"HTTP/1.1 200 OK\r\n" + b"".join(b"X%d: 1\r\n" % n for n in range(100_000))],
        502,
        "longer than 64 KiB",
    ),
    "two lengths": (
        [b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
        502,
        "no HTTP",
    ),
    "a negative length": ([b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"], 502, "no HTTP"),
    "a length beyond counting": (
        [b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\n"],
        502,
        "no HTTP",
    ),
    "another protocol": (
        [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"],
        502,
        "switches protocols",
    ),
    "a Location to the cloud's own": (
        [ok(b"", "Location: http://169.254.169.254/latest", status="307 Temporary Redirect")],
        502,
        "169.254.169.254, which --allow-registry does not allow",
    ),
    "a Location of 10 kB": (
        [ok(b"", "Location: /" + "a" * 10_000, status="307 Temporary Redirect")],
        502,
        "at most 8192 bytes",
    ),
    "a realm that steals logins": (
        [ok(b"", 'WWW-Authenticate: Bearer realm="http://evil.example/t"', status="401 No")],
        502,
        "evil.example, which --allow-registry does not allow",
    ),
}


@pytest.mark.parametrize("steps", BREAKING.values(), ids=list(BREAKING))
def test_a_broken_answer_is_an_error_with_its_cause(
    tmp_path: Path, steps: tuple[Steps, int, str]
) -> None:
    """In the specification's form; the next request is served as if nothing had been."""
    script, status, said = steps

    async def main(url: str) -> None:
        async with proxied(tmp_path, url) as up, up.client() as client:
            got = await client.get(BLOB)
            assert got.status_code == status
            assert said in got.json()["errors"][0]["message"]
            if script:
                assert (await client.get(BLOB)).content == b"fine"

    if not script:
        run(main(f"http://127.0.0.1:{free_port()}"))
        return
    with scripted([script, [ok(b"fine")]]) as server:
        run(main(server.url))


@pytest.mark.parametrize(
    "steps",
    [
        [promised(100, b"short"), FIN],
        [promised(1 << 60, b"short"), FIN],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n", FIN],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nzz\r\n"],
    ],
)
def test_an_answer_that_ends_too_early_ends_too_early_for_the_client(
    tmp_path: Path, steps: Steps
) -> None:
    """What came is handed on, the connection is closed, and the access record says so."""

    async def main(server: ScriptedServer) -> None:
        async with proxied(tmp_path, server.url) as up:
            _, body, ending = await read_raw(up.port, BLOB)
            assert b"short" in body
            assert not body.endswith(b"0\r\n\r\n")
            assert ending == "fin"

            async def told() -> bool:
                up.log.flush()
                return [record["ended"] for record in recorded(tmp_path)] == ["error"]

            await eventually(told)

    with scripted([steps]) as server:
        run(main(server))


def test_more_than_was_promised_is_not_the_next_answer(tmp_path: Path) -> None:
    """The body ends where its length says; what follows cannot pass for an answer."""
    smuggled = promised(4, b"body") + ok(b"smuggled")

    async def main(server: ScriptedServer) -> None:
        async with proxied(tmp_path, server.url) as up, up.client() as client:
            assert (await client.get(BLOB)).content == b"body"
            assert (await client.get(BLOB)).content == b"true"

    with scripted([[smuggled], [ok(b"true")]]) as server:
        run(main(server))
    assert server.accepted == 2


def test_a_compressed_bomb_is_handed_on_as_it_is(tmp_path: Path) -> None:
    """Nothing here unpacks it."""
    bomb = gzip.compress(bytes(16 << 20))

    async def main(server: ScriptedServer) -> None:
        async with proxied(tmp_path, server.url) as up:
            assert (await last(up.port, BLOB)).endswith(bomb)

    with scripted([[ok(bomb, "Content-Encoding: gzip")]]) as server:
        run(main(server))


def test_an_endless_body_takes_no_memory_and_ends_with_its_client(tmp_path: Path) -> None:
    """A fast sender, and a client that does not read: the sender is held back; then let go."""
    megabyte = bytes(1 << 20)
    sent = 0

    def endless(_ask: Ask, _number: int) -> Steps:
        class Endless:
            def __iter__(self) -> Any:
                nonlocal sent
                yield b"HTTP/1.1 200 OK\r\n\r\n"
                while True:
                    yield megabyte
                    sent += len(megabyte)

        return Endless()  # type: ignore[return-value]  # it is only iterated

    async def main(server: ScriptedServer) -> None:
        async with proxied(tmp_path, server.url) as up:
            process = psutil.Process()
            before = process.memory_info().rss
            reader, writer = await asyncio.open_connection("127.0.0.1", up.port)
            writer.write(f"GET {BLOB} HTTP/1.1\r\nHost: r\r\n\r\n".encode())
            received = 0
            while received < 256 << 20:
                received += len(await reader.read(1 << 20))
            assert process.memory_info().rss - before < GROWTH_BYTES
            writer.transport.pause_reading()  # type: ignore[attr-defined]  # it reads as well
            reached = -1
            while reached != sent:
                reached = sent
                await asyncio.sleep(0.2)
            assert sent - received < GROWTH_BYTES
            assert process.memory_info().rss - before < GROWTH_BYTES
            writer.transport.abort()
            await eventually(lambda: asyncio.to_thread(server.all_closed, within_s=0.1))

    with scripted(endless) as server:
        run(main(server))


def test_a_client_that_leaves_is_not_waited_for(tmp_path: Path) -> None:
    """A registry that says nothing holds nobody: its connection ends with the client's."""

    async def main(server: ScriptedServer) -> None:
        async with proxied(tmp_path, server.url) as up:
            _, writer = await asyncio.open_connection("127.0.0.1", up.port)
            writer.write(f"GET {BLOB} HTTP/1.1\r\nHost: r\r\n\r\n".encode())

            async def asked() -> bool:
                return len(server.asks) == 1

            await eventually(asked)
            writer.transport.abort()
            await eventually(lambda: asyncio.to_thread(server.all_closed, within_s=0.1))

    with scripted([[HANG]]) as server:
        run(main(server))


def test_a_kept_connection_that_has_died_is_no_error(tmp_path: Path) -> None:
    """The registry closed it between two requests: what can be asked again is."""

    async def main(server: ScriptedServer) -> None:
        async with proxied(tmp_path, server.url) as up, up.client() as client:
            for wanted in (b"one", b"two", b"three"):
                assert (await client.get(BLOB)).content == wanted

    # After an answer that kept the connection, it is closed unasked, or on the next request.
    with scripted([[ok(b"one"), FIN], [ok(b"two")], [FIN], [ok(b"three")]]) as server:
        run(main(server))


def test_an_answer_before_the_body_is_whole_is_handed_on(tmp_path: Path) -> None:
    """As 413 does it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ok(b"no", status="413 Content Too Large"))
        await writer.drain()
        await reader.read(1)
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]

        async def endless() -> AsyncIterator[bytes]:
            while True:
                yield bytes(1 << 16)
                await asyncio.sleep(0.01)

        async with proxied(tmp_path, f"http://127.0.0.1:{port}") as up:
            reader, writer = await asyncio.open_connection("127.0.0.1", up.port)
            writer.write(
                f"PUT {BLOB} HTTP/1.1\r\nHost: r\r\nContent-Length: 99999999\r\n\r\n".encode()
            )
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            assert head.startswith(b"HTTP/1.1 413")
            writer.transport.abort()
        server.close()

    run(main())


def test_names_that_climb_are_the_registrys_affair_and_touch_no_file(tmp_path: Path) -> None:
    """They go on as they came; nothing but the access record is written."""
    paths = [
        "/v2/../../../etc/passwd/manifests/v1",
        "/v2/%2e%2e%2f%2e%2e/blobs/uploads/",
        "/v2/a\\..\\b",
    ]

    async def main(server: ScriptedServer) -> None:
        async with proxied(tmp_path, server.url) as up:
            for path in paths:
                assert b" 404 " in await last(up.port, path)

    with scripted([[ok(b'{"tags": ["../../x"]}', status="404 Not Found")]]) as server:
        run(main(server))
    assert [ask.path for ask in server.asks] == paths
    assert [path.name for path in tmp_path.rglob("*")] == ["access.jsonl"]
