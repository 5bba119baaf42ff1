"""The registry's room: the embedded registry and its gateway, started, filled and changed."""

import asyncio
import itertools
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from harness.child import Child, ChildError, Run, start_child
from harness.environment.scope import FaultScope
from harness.environment.stored import StoredLayers
from harness.gateway.orders import RuleOrder, write_order
from harness.oci.images import BuiltImage
from harness.registry.profile import Limits, ProfileName
from harness.seams import Act, Bites, RequestKind, Watch, Where

REGISTRY_FOLDER = "registry"  # in the run folder: the content at rest
_ANSWER_TIMEOUT_S = 10.0
_CHILD = "harness.environment.registry_child"


class Control:
    """Asks the registry's process and hears its answers; they come in any order."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._ended = False

    async def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        """Raises ChildError when it refuses, is gone, or does not answer."""
        if self._ended or not self.child.alive:
            raise ChildError("registry: its process has ended")
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            await self.child.send({"id": number, "do": do, **fields})
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):  # wait_for could lose a cancel here
                said: dict[str, Any] = await answer
        except TimeoutError:
            raise ChildError(f"registry: no answer within {_ANSWER_TIMEOUT_S:g} s") from None
        finally:
            del self._waiting[number]
        if "error" in said:
            raise ChildError(f"registry: {said['error']}")
        return said

    async def hear(self) -> None:
        """Hand answers to those who wait, until the process ends."""
        async for message in self.child.messages():
            waiting = self._waiting.get(message.get("id", 0))
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
        self._ended = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ChildError("registry: ended before it answered"))


@dataclass(kw_only=True)
class ScopedGateway:
    """`harness.seams.Gateway` for one occurrence of a fault."""

    control: Control
    scope: FaultScope
    numbers: Iterator[int]
    _living: set[str] = field(default_factory=set)
    _ended: dict[str, int] = field(default_factory=dict)

    @asynccontextmanager
    async def rule(
        self,
        act: Act,
        *,
        kinds: tuple[RequestKind, ...],
        methods: tuple[str, ...] = (),
        share: float = 1.0,
        digests: tuple[str, ...] = (),
        authenticated: bool | None = None,
    ) -> AsyncIterator[None]:
        """See `harness.seams.Gateway.rule`. Raises ChildError."""
        where, chance = self.scope.where, self.scope.chance
        order = RuleOrder(
            rule=f"{self.scope.fault}.{next(self.numbers)}",
            fault=self.scope.fault,
            act=act,
            kinds=where.kinds or kinds,
            methods=methods,
            repository=where.repository,
            layers=where.layers,
            nodes=where.nodes,
            digests=digests,
            authenticated=authenticated,
            share=share,
            seed=chance.seed,
            step=chance.step,
            deadline_s=self.scope.deadline_s,
        )
        self._living.add(order.rule)
        try:
            await self.control.ask("add_rule", rule=write_order(order))
            yield
        finally:
            with suppress(ChildError):  # never added, or gone with its process
                answer = await self.control.ask("remove_rule", rule=order.rule)
                self._ended[order.rule] = answer["bites"]
            self._living.discard(order.rule)

    async def bites(self) -> Bites:
        """What all its rules bit so far, by rule in the details. Raises ChildError."""
        seen = dict(self._ended)
        if self._living:
            answer = await self.control.ask("bites", rules=sorted(self._living))
            seen |= answer["bites"]
        return Bites(count=sum(seen.values()), details=seen)


@dataclass(kw_only=True)
class ScopedStore:
    """`harness.seams.Store` for one occurrence of a fault; the gateway counts what is served."""

    layers: StoredLayers
    scope: FaultScope
    gateway: ScopedGateway

    @asynccontextmanager
    async def flipped_bytes(self, *, flip_bytes: int, share: float = 1.0) -> AsyncIterator[None]:
        """See `harness.seams.Store.flipped_bytes`. Raises LookupError, OSError, ChildError."""
        digests = self.layers.chosen(self.scope.where, self.scope.chance, share)
        changes = self.layers.flipped(digests, self.scope.chance, flip_bytes)
        async with _in_thread(changes), self._watched(digests):
            yield

    @asynccontextmanager
    async def cut(self, *, keep_share: float, share: float = 1.0) -> AsyncIterator[None]:
        """See `harness.seams.Store.cut`. Raises LookupError, OSError, ChildError."""
        digests = self.layers.chosen(self.scope.where, self.scope.chance, share)
        async with _in_thread(self.layers.cut(digests, keep_share)), self._watched(digests):
            yield

    async def bites(self) -> Bites:
        """How often changed content was served. Raises ChildError."""
        return await self.gateway.bites()

    @asynccontextmanager
    async def _watched(self, digests: tuple[str, ...]) -> AsyncIterator[None]:
        async with self.gateway.rule(Watch(), kinds=(RequestKind.BLOB,), digests=digests):
            yield


@dataclass(kw_only=True)
class RegistryRoom:
    """A running registry. `ports` has the gateway's port for each node.

    `direct_url` reaches the gateway past the link, as no node. `root` holds the content
    (`blobs/<algorithm>/<hex>`), which may be written there before `add_image`.
    """

    child: Child
    control: Control
    registry_name: str
    ports: Mapping[str, int]
    direct_url: str
    root: Path
    access_log: Path
    layers: StoredLayers
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def add_image(self, image: BuiltImage, repository: str, tag: str) -> None:
        """Let `repository` have an image whose content is below `root`. Raises ChildError."""
        positions: dict[str, list[int]] = {}
        for platform in image.platforms:
            for position, layer in enumerate(platform.layers):
                positions.setdefault(layer.digest, []).append(position)
        top_last = [*image.manifests[1:], image.top]
        await self.control.ask(
            "add_image",
            repository=repository,
            tag=tag,
            blobs=list(image.blob_digests),
            manifests=[[manifest.digest, manifest.media_type] for manifest in top_last],
            layers=positions,
        )
        self.layers.add(repository, image)

    async def set_clock(self, start_s: float) -> None:
        """Let access records count from `start_s` on the monotonic clock. Raises ChildError."""
        await self.control.ask("set_clock", start_s=start_s)

    async def lift_quotas(self) -> None:
        """Refuse nothing for a quota any more, until `set_clock` begins anew. Raises ChildError."""
        await self.control.ask("lift_quotas")

    async def write_records(self) -> None:
        """Let the access records of all that has ended be on disk. Raises ChildError."""
        await self.control.ask("write_records")

    def gateway(self, scope: FaultScope) -> ScopedGateway:
        return ScopedGateway(control=self.control, scope=scope, numbers=self._numbers)

    def store(self, scope: FaultScope) -> ScopedStore:
        everywhere = replace(scope, where=Where())  # what lies there is served to everybody
        return ScopedStore(layers=self.layers, scope=scope, gateway=self.gateway(everywhere))


@asynccontextmanager
async def open_registry(
    run: Run,
    *,
    nodes: tuple[str, ...],
    auth: Literal["token", "none"],
    username: str,
    password: str,
    token_lifetime_s: float,
    registry_name: str,
    profile: ProfileName = "generic",
    limits: Limits | None = None,
    port: int = 0,
    host: str = "127.0.0.1",
    anonymous_pull: bool = False,
    keep_content: bool = False,
) -> AsyncIterator[RegistryRoom]:
    """Start the embedded registry with a gateway port for each node, until the block is left.

    `port` is that of `direct_url`. `anonymous_pull`: tokens without a login may pull. `limits`:
    quotas that it keeps by itself from `set_clock` on, in the words of `profile`. The content is
    deleted at the end unless `keep_content`. Raises ChildError.
    """
    root = run.folder / REGISTRY_FOLDER
    record = run.journal.record({"kind": "remove_registry"})
    access_log = run.folder / "logs" / "access.jsonl"
    config = {
        "root": str(root.resolve()),
        "access_log": str(access_log.resolve()),
        "clock_start_s": run.clock_start_s,
        "host": host,
        "port": port,
        "nodes": list(nodes),
        "auth": auth,
        "username": username,
        "password": password,
        "token_lifetime_s": token_lifetime_s,
        "anonymous_pull": anonymous_pull,
        "profile": profile,
        "limits": None if limits is None else asdict(limits),
    }
    try:
        async with start_child(
            run, "registry", (sys.executable, "-m", _CHILD), config=config
        ) as child:
            control = Control(child)
            hearing = asyncio.ensure_future(control.hear())
            try:
                yield RegistryRoom(
                    child=child,
                    control=control,
                    registry_name=registry_name,
                    ports=child.ready["ports"],
                    direct_url=f"http://{host}:{child.ready['port']}",
                    root=root,
                    access_log=access_log,
                    layers=StoredLayers(root, run.journal),
                )
            finally:
                hearing.cancel()
                with suppress(asyncio.CancelledError):
                    await hearing
    finally:
        if not keep_content:
            await asyncio.to_thread(shutil.rmtree, root, ignore_errors=True)
        run.journal.done(record)


@asynccontextmanager
async def _in_thread(changes: AbstractContextManager[None]) -> AsyncIterator[None]:
    """Enter and leave in a thread: changes to files take as long as the disk does."""
    entered = ExitStack()
    try:
        await _to_its_end(lambda: entered.enter_context(changes))
        yield
    finally:
        await _to_its_end(entered.close)


async def _to_its_end(work: Callable[[], None]) -> None:
    """Do `work` in a thread. When cancelled, wait for it first: it cannot be stopped half-way."""
    doing = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait([doing])
        raise
