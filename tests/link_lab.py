"""An upstream with real sockets behind an open link, for the tests of every kind of link."""

import asyncio
import json
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.chance import Chance
from harness.environment.link import LinkKind, LinkService, ScopedLink, open_link
from harness.environment.programs import TOXIPROXY
from harness.environment.scope import FaultScope
from harness.process.child import Run
from harness.process.journal import Journal, pending
from harness.seams import Where

PATIENCE_S = 20.0

KINDS = [
    pytest.param("embedded"),
    pytest.param("toxiproxy", marks=pytest.mark.toxiproxy),
]

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def toxiproxy_path() -> str | None:
    """A real Toxiproxy: `HARNESS_TOXIPROXY`, PATH, or the harness's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "registry-harness"
    found = TOXIPROXY.find(named=os.environ.get("HARNESS_TOXIPROXY"), cache_folder=cache)
    return str(found) if found else None


@contextmanager
def new_run(folder: Path, run_id: str = "test-run") -> Iterator[Run]:
    """A run of its own, whose journal has nothing left to undo at the end."""
    path = folder / f"{run_id}.jsonl"
    with closing(Journal(path)) as journal:
        yield Run(run_id=run_id, folder=folder, journal=journal, clock_start_s=time.monotonic())
    assert pending(path) == []


async def soon(what: Awaitable[Any]) -> Any:
    """What `what` gives, within a bound that no working link comes near."""
    return await asyncio.wait_for(what, PATIENCE_S)


@dataclass(kw_only=True)
class Lab:
    """A link with nodes, all in front of one upstream."""

    service: LinkService
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def scope(
        self, fault: str = "fault-1", *, nodes: tuple[str, ...] = (), lifetime_s: float = 60
    ) -> FaultScope:
        return FaultScope(
            fault=fault,
            where=Where(nodes=nodes),
            chance=Chance(7, fault),
            deadline_s=time.monotonic() + lifetime_s,
        )

    def link(self, fault: str = "fault-1", *, nodes: tuple[str, ...] = ()) -> ScopedLink:
        return self.service.link(self.scope(fault, nodes=nodes))

    async def proxies(self) -> dict[str, Any]:
        return await asyncio.to_thread(self.service.control.proxies)

    async def connect(self, node: str = "node-0") -> Stream:
        reader, writer = await soon(asyncio.open_connection("127.0.0.1", self.service.ports[node]))
        self.writers.append(writer)
        return reader, writer

    async def ask(self, command: str, node: str = "node-0") -> Stream:
        """Connect, and send the upstream `command`."""
        stream = await self.connect(node)
        stream[1].write(f"{command}\n".encode())
        return stream

    async def echo(self, node: str = "node-0", stream: Stream | None = None) -> float:
        """One message there and back on `stream` or a new one: how many seconds it took."""
        reader, writer = stream or await self.ask("echo", node)
        start = time.monotonic()
        writer.write(b"ping")
        assert await soon(reader.readexactly(4)) == b"ping"
        return time.monotonic() - start


async def upstream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """`echo`, `blob N` (N bytes), `end N` (N bytes and the end), `count` (bytes until the end)."""
    with suppress(ConnectionError):
        command, _, number = (await reader.readline()).decode().strip().partition(" ")
        if command in {"blob", "end"}:
            writer.write(blob(int(number)))
            await writer.drain()
        if command == "count":
            writer.write(str(len(await reader.read(-1))).encode())
        if command == "echo":
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        if command == "blob":
            await reader.read(-1)
    writer.close()


def blob(size: int) -> bytes:
    """`size` bytes in which a lost, doubled or moved piece shows."""
    return b"".join(number.to_bytes(4, "big") for number in range(size // 4 + 1))[:size]


@asynccontextmanager
async def open_lab(
    kind: LinkKind, folder: Path, *, nodes: int = 2, kept: bool = True
) -> AsyncIterator[Lab]:
    """A link of `kind` with nodes `node-0`, `node-1`, …; `kept`: it must be left as found."""
    path = toxiproxy_path()
    if kind == "toxiproxy" and path is None:
        pytest.skip("no toxiproxy-server by HARNESS_TOXIPROXY, on PATH or in the harness's cache")
    server = await asyncio.start_server(upstream, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    names = [f"node-{number}" for number in range(nodes)]
    try:
        with new_run(folder) as run:
            async with open_link(
                run,
                kind=kind,
                upstream_ports=dict.fromkeys(names, port),
                toxiproxy_path=path,
                seed=7,
            ) as service:
                lab = Lab(service=service)
                before = await lab.proxies()
                yield lab
                if kept:
                    await until(lambda: _same(lab, before), "the link is as it was before")
                for writer in lab.writers:
                    writer.transport.abort()
    finally:
        server.close()


async def _same(lab: Lab, before: dict[str, Any]) -> bool:
    return json.dumps(await lab.proxies(), sort_keys=True) == json.dumps(before, sort_keys=True)


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until `condition` holds; fail with `what` when it does not in time."""
    end = time.monotonic() + PATIENCE_S
    while not await condition():
        assert time.monotonic() < end, f"never came true: {what}"
        await asyncio.sleep(0.01)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
