"""The link between nodes and gateway: opens it, and scopes its toxics for a fault."""

import asyncio
import itertools
import re
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from harness.environment.link_control import LinkControl, LinkError
from harness.environment.link_server import embedded_server, find_program, toxiproxy_server
from harness.environment.scope import FaultScope
from harness.process.child import Child, Run
from harness.process.clock import monotonic_s
from harness.process.completion import run_to_completion
from harness.seams import Bites

LinkKind = Literal["embedded", "toxiproxy"]

# What both servers and a URL take without escapes: Toxiproxy finds no name that holds a slash.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, kw_only=True)
class LinkService:
    """An open link: one listener a node. `ports` by node; `control_token` "" if none is used."""

    kind: LinkKind
    version: str
    control_url: str
    control_token: str = field(repr=False)
    listen_host: str
    ports: Mapping[str, int]
    child: Child
    control: LinkControl
    _taken_down: Counter[str] = field(default_factory=Counter)
    _shut_out: Counter[str] = field(default_factory=Counter)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def link(self, scope: FaultScope) -> "ScopedLink":
        """The seam for one occurrence of a fault.

        Raises LinkError when `scope` names a node without a listener.
        """
        if unknown := [node for node in scope.where.nodes if node not in self.ports]:
            known = ", ".join(itertools.islice(self.ports, 5))
            raise LinkError(f"{scope.fault}: no node {unknown[0]!r} on the link, which has {known}")
        return ScopedLink(service=self, scope=scope)

    async def healthy(self) -> bool:
        """Whether the server lives and answers."""
        if not self.child.alive:
            return False
        try:
            await asyncio.to_thread(self.control.version)
        except LinkError:
            return False
        return True


@dataclass(frozen=True, kw_only=True)
class ScopedLink:
    """`seams.Link` for one occurrence of one fault."""

    service: LinkService
    scope: FaultScope
    _toxics: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    _downs: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    _uncounted: list[str] = field(default_factory=list)  # changes that no kind of link can count

    @asynccontextmanager
    async def toxic(
        self,
        kind: str,
        attributes: Mapping[str, int],
        *,
        stream: Literal["upstream", "downstream"] = "downstream",
        share: float = 1.0,
    ) -> AsyncIterator[None]:
        """Add a toxic to the links in scope, and remove it at the end whatever was raised."""
        nodes = self._nodes(share)
        name = self._name()
        toxic = {"name": name, "type": kind, "stream": stream, "attributes": dict(attributes)}
        added: list[str] = []
        control = self.service.control
        try:
            await _in_thread(
                lambda: control.add_toxic(nodes, toxic, added=added, **self._lifetime())
            )
            self._toxics.append((name, nodes))
            yield
        finally:
            if added:
                await _in_thread(lambda: control.remove_toxic(added, name))

    @asynccontextmanager
    async def down(self, *, share: float = 1.0) -> AsyncIterator[None]:
        """Close the listeners in scope; they open again when no fault holds them down."""
        nodes, name = self._nodes(share), self._name()
        control, held = self.service.control, self.service._taken_down  # noqa: SLF001  the service's holds
        disabled: list[str] = []
        extra = {**self._lifetime(), "harness_tally": name}
        held.update(nodes)
        try:
            await _in_thread(lambda: control.disable(nodes, disabled=disabled, **extra))
            self._downs.append((name, nodes))
            yield
        finally:
            held.subtract(nodes)
            if free := [node for node in disabled if held[node] <= 0]:
                await _in_thread(lambda: control.enable(free))

    @asynccontextmanager
    async def flapping(
        self, *, down_s: float, up_s: float, share: float = 1.0
    ) -> AsyncIterator[None]:
        """Take the links in scope down for `down_s`, up for `up_s`, and so on; they begin down."""
        is_down = asyncio.Event()

        async def flap() -> None:
            while True:
                async with self.down(share=share):
                    is_down.set()
                    await asyncio.sleep(down_s)
                await asyncio.sleep(up_s)

        try:
            async with asyncio.TaskGroup() as tasks:
                rhythm = tasks.create_task(flap())
                try:
                    await is_down.wait()
                    yield
                finally:
                    rhythm.cancel()
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None  # the caller's own, or why the link cannot

    @asynccontextmanager
    async def drop_new(self, *, share: float = 1.0) -> AsyncIterator[None]:
        """Leave new connections in scope without an answer; open ones go on.

        Raises LinkError with a real Toxiproxy, which accepts whatever comes.
        """
        if self.service.kind == "toxiproxy":
            raise LinkError(
                f"{self.scope.fault}: a real Toxiproxy accepts every connection, so none can be "
                "left without an answer: use `link: embedded`"
            )
        nodes, name = self._nodes(share), self._name()
        control, held = self.service.control, self.service._shut_out  # noqa: SLF001  the service's holds
        dropping: list[str] = []
        extra = self._lifetime()
        held.update(nodes)
        try:
            await _in_thread(lambda: control.drop_new(nodes, dropping=dropping, **extra))
            self._uncounted.append(name)
            yield
        finally:
            held.subtract(nodes)
            if free := [node for node in dropping if held[node] <= 0]:
                await _in_thread(lambda: control.let_in(free))

    @asynccontextmanager
    async def cut_off(self, *, share: float = 1.0) -> AsyncIterator[None]:
        """Let nothing pass between the nodes in scope and the registry, either way.

        What is sent meanwhile arrives afterwards, as TCP sends again what was lost. A real
        Toxiproxy still accepts new connections; the embedded link leaves them without an answer.
        """
        ways: tuple[Literal["upstream", "downstream"], ...] = ("upstream", "downstream")
        async with AsyncExitStack() as changes:
            for stream in ways:
                held_back = self.toxic("bandwidth", {"rate": 0}, stream=stream, share=share)
                await changes.enter_async_context(held_back)
            if self.service.kind == "embedded":
                await changes.enter_async_context(self.drop_new(share=share))
            yield

    async def bites(self) -> Bites:
        """What the faults of this scope changed, also after they healed.

        `count` is connections, each counted once a toxic; `details` has connections, chunks and
        bytes by toxic. None from a real Toxiproxy, which does not count, for a `down` and for new
        connections that are dropped: the system, not the link, turns them away, so nobody here
        sees how many.
        """
        if self.service.kind == "toxiproxy":
            return Bites(count=None)
        counted = await asyncio.to_thread(self.service.control.bites)
        details: dict[str, dict[str, int]] = {}
        for name, nodes in self._toxics + self._downs:
            total: Counter[str] = Counter()
            for node in nodes:
                total.update(counted.get(node, {}).get(name, {}))
            details[name] = dict(total)
        connections = sum(bitten.get("connections", 0) for bitten in details.values())
        seen = not self._downs and not self._uncounted
        return Bites(count=connections if seen else None, details=details)

    def _name(self) -> str:
        """A name for one change, which the server also counts its bites under."""
        return f"{self.scope.fault}-{next(self.service._numbers)}"  # noqa: SLF001  the service's counter

    def _nodes(self, share: float) -> tuple[str, ...]:
        nodes = self.scope.where.nodes or tuple(self.service.ports)
        return nodes if share >= 1 else self.scope.chance.pick(share, nodes)

    def _lifetime(self) -> dict[str, float]:
        """How long the embedded server lets the change live; a real one has no such word."""
        if self.service.kind == "toxiproxy":
            return {}
        return {"harness_lifetime_s": max(0.001, self.scope.deadline_s - monotonic_s())}


async def _in_thread(work: Callable[[], None]) -> None:
    """Do `work` in a thread, to its end: a half-made change could be made after its removal.

    The wait is bounded by the timeouts of the requests.
    """
    await run_to_completion(asyncio.to_thread(work))


@asynccontextmanager
async def open_link(
    run: Run,
    *,
    kind: Literal["auto", "embedded", "toxiproxy"] = "auto",
    upstream_ports: Mapping[str, int],
    listen_host: str = "127.0.0.1",
    ports: Mapping[str, int] | None = None,
    control_port: int = 0,
    open_control: bool = False,
    seed: int = 0,
    toxiproxy_path: str | None = None,
    cache_folder: Path | None = None,
) -> AsyncIterator[LinkService]:
    """Put a listener before each node's gateway port (`upstream_ports`) until the block is left.

    `kind` auto: a real Toxiproxy (`toxiproxy_path`, PATH, `cache_folder`), else the embedded one.
    `ports` by node, 0 or absent: any free one. `open_control`: the embedded control API asks for
    no token, as Toxiproxy's own; for people who drive it with their tools.
    Raises LinkError or ChildError with one sentence.
    """
    _check_names(upstream_ports)
    program = None if kind == "embedded" else find_program(kind, toxiproxy_path, cache_folder)
    token = "" if open_control or program is not None else secrets.token_urlsafe(32)
    if program is None:
        starting = embedded_server(run, control_port=control_port, token=token, seed=seed)
    else:
        starting = toxiproxy_server(run, program, control_port)
    wanted = [
        {
            "name": node,
            "listen": f"{listen_host}:{(ports or {}).get(node, 0)}",
            "upstream": f"127.0.0.1:{port}",
        }
        for node, port in upstream_ports.items()
    ]
    async with starting as (child, control, version):
        listening = await asyncio.to_thread(control.populate, wanted)
        yield LinkService(
            kind="embedded" if program is None else "toxiproxy",
            version=version,
            control_url=control.url,
            control_token=token,
            listen_host=listen_host,
            ports={node: int(listening[node].rpartition(":")[2]) for node in upstream_ports},
            child=child,
            control=control,
        )


def _check_names(nodes: Iterable[str]) -> None:
    for node in nodes:
        if not _NAME.fullmatch(node):
            raise LinkError(
                f"node name {node!r}: only letters, digits, '.', '_' and '-' may be in it"
            )
