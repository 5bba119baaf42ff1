"""A registry behind its gateway on real sockets, in the test's own loop."""

import asyncio
import itertools
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
import uvloop
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from harness.gateway.access_log import AccessLog
from harness.gateway.app import Gateway
from harness.gateway.client_connection import NodeProtocol
from harness.gateway.orders import RuleOrder
from harness.gateway.rules import Rules
from harness.gateway.storage import Storage
from harness.oci.digest import digest_of
from harness.registry.app import Registry
from harness.registry.tokens import Account, TokenService
from harness.seams import Act, RequestKind

USER, PASSWORD = "robot", "s3cret"
# For clients without TLS: each would read all authorities of the system, 20 ms of processor time.
NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
ALL_KINDS = tuple(RequestKind)


@dataclass(kw_only=True)
class Served:
    """What a test talks to."""

    registry: Registry
    rules: Rules
    log: AccessLog
    ports: Mapping[str, int]

    def url(self, node: str = "n0") -> str:
        return f"http://127.0.0.1:{self.ports[node]}"

    def client(self, node: str = "n0") -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.url(node), timeout=20, trust_env=False, verify=NOBODY
        )

    def put_blob(self, content: bytes, repository: str = "app") -> str:
        """Store a blob past the API."""
        digest = digest_of(content)
        self.registry.content.write(digest, content)
        self.registry.index.add_blobs(repository, [digest])
        return digest

    def file(self, digest: str) -> Path:
        """Where content lies."""
        return Path(self.registry.content.path(digest))

    def rule(self, act: Act, **match: Any) -> str:
        """Add a rule that lives for a minute, unless `deadline_s` says otherwise."""
        name = f"fault-{len(self.rules._rules)}"
        settings: dict[str, Any] = {
            "rule": name,
            "fault": name,
            "kinds": ALL_KINDS,
            "deadline_s": time.monotonic() + 60,
        }
        self.rules.add(RuleOrder(act=act, **(settings | match)))
        return name

    def bites(self, name: str) -> int:
        return self.rules.bites([name])[name]


@asynccontextmanager
async def serving(
    folder: Path,
    *,
    guarded: bool = False,
    lifetime_s: float = 300,
    anonymous_pull: bool = False,
    nodes: tuple[str, ...] = ("n0", "n1"),
) -> AsyncIterator[Served]:
    account = Account(username=USER, password=PASSWORD)
    tokens = TokenService(
        account if guarded else None, lifetime_s=lifetime_s, anonymous_pull=anonymous_pull
    )
    registry = Registry(folder / "content", tokens, guarded=guarded)
    try:
        async with listening(registry, folder, nodes) as (rules, log, ports):
            yield Served(registry=registry, rules=rules, log=log, ports=ports)
    finally:
        registry.index.close()


@asynccontextmanager
async def listening(
    app: ASGIApp, folder: Path, nodes: tuple[str, ...]
) -> AsyncIterator[tuple[Rules, AccessLog, Mapping[str, int]]]:
    """A gateway before `app`: its rules, its access records and a port for each node."""
    storage = socket.create_server(("127.0.0.1", 0))
    rules = Rules(storage=Storage(storage.getsockname()[1]))
    log = AccessLog(folder / "access.jsonl", time.monotonic())
    by_port: dict[int, str] = {}
    config = uvicorn.Config(
        Gateway(app, nodes=by_port, rules=rules, log=log),
        ws="none",
        lifespan="off",
        log_config=None,
    )
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(lambda: NodeProtocol(config, state, {}), sock=storage)]
    for node in nodes:
        listener = socket.create_server(("127.0.0.1", 0))
        by_port[listener.getsockname()[1]] = node
        servers.append(
            await loop.create_server(lambda: NodeProtocol(config, state, {}), sock=listener)
        )
    try:
        yield rules, log, {node: port for port, node in by_port.items()}
    finally:
        for server in servers:
            server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)
        log.close()


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of an error in the form of the specification."""
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, answer.json()["errors"][0]["code"]


async def require_stored(client: httpx.AsyncClient, answer: httpx.Response, digest: str) -> None:
    """What was created is served under its digest, where the answer says."""
    assert answer.status_code == 201, answer.text
    assert answer.headers["docker-content-digest"] == digest
    got = await client.get(answer.headers["location"])
    assert digest_of(got.content, digest.partition(":")[0]) == digest


async def read_raw(port: int, path: str, span: str = "") -> tuple[bytes, bytes, str]:
    """Head, body and how the connection ended: `fin`, `rst`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    extra = f"Range: {span}\r\n" if span else ""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: r\r\n{extra}\r\n".encode())
    received, ending = bytearray(), "fin"
    try:
        async with asyncio.timeout(10):
            while part := await reader.read(1 << 16):
                received += part
    except ConnectionResetError:
        ending = "rst"
    writer.close()
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    return head.lower(), body, ending


async def eventually(check: Callable[[], Awaitable[bool]], *, within_s: float = 5) -> None:
    """Ask until it is so, or fail."""
    until_s = time.monotonic() + within_s
    for _ in itertools.count():
        if await check():
            return
        assert time.monotonic() < until_s, "it did not come true in time"
        await asyncio.sleep(0.01)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run `main` in the loop that the product uses: endings of connections are its affair."""
    uvloop.run(main)
