"""The embedded registry and its gateway inside a simulation: their own code, no sockets."""

import mmap
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from harness.chance import Chance
from harness.clusters.simulated.direct_control import DirectControl
from harness.clusters.simulated.known_answers import KnownAnswers
from harness.clusters.simulated.simulated_network import ADDRESS, STORAGE_PORT, ServerState
from harness.environment.authority import new_authority
from harness.environment.control_desk import ControlDesk, Served
from harness.environment.held_images import HeldImages
from harness.environment.lab import all_nodes
from harness.environment.lab_settings import LabSettings
from harness.environment.registry import RegistryService
from harness.environment.registry_process import RegistryProcess
from harness.environment.scope import FaultScope
from harness.environment.stored_files import StoredFiles
from harness.environment.stored_index import StoredIndex
from harness.gateway.access_log import AccessLog
from harness.gateway.app import Gateway
from harness.gateway.exchange import Exchange
from harness.gateway.handshakes import Handshakes, server_context
from harness.gateway.network import Network
from harness.gateway.rules import Rules
from harness.gateway.sharing import PacedSharing
from harness.gateway.storage import Storage
from harness.load.orders import CLIENTS_NODE
from harness.oci.images import BuiltImage, DirectorySink, ImageSpec, outlined
from harness.oci.sink import blob_path
from harness.process.child import ChildError, Run
from harness.registry.app import Registry
from harness.registry.content_store import ContentStore
from harness.registry.gate import refuse_as
from harness.registry.index import Index
from harness.registry.profiles import PROFILES
from harness.registry.pull import Pull
from harness.registry.ranges import Span
from harness.registry.request import Call
from harness.registry.tokens import TokenService
from harness.seams import Bites

ROOT: Final = "registry"
# Each piece of content is an event: large enough for 400 nodes x 900 MB, 360,000 of them.
_PIECE_BYTES: Final = 1 << 20


class Outlines:
    """Content that nobody makes: `made` is what it should be, `changed` is not.

    Both are read-only memory that nobody reads, so that they take none.
    """

    def __init__(self, most_bytes: int) -> None:
        size = max(1, most_bytes)
        self.made = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
        self.changed = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
        self.layers: set[str] = set()
        self.flipped: set[str] = set()


class OutlinedPull(Pull):
    """Sends layers as outlines, and everything else as it is stored."""

    def __init__(self, outlines: Outlines, content: ContentStore, index: Index) -> None:
        super().__init__(content, index)
        self._outlines = outlines

    async def send_span(self, call: Call, descriptor: int, span: Span) -> None:
        digest = call.route.reference
        if digest not in self._outlines.layers:
            await super().send_span(call, descriptor, span)
            return
        held = self._outlines.changed if digest in self._outlines.flipped else self._outlines.made
        content: Any = memoryview(held)[: span.length]
        await call.send_body(content)


class OutlinedFiles(StoredFiles):
    """Also knows which layers are not what they should be."""

    def __init__(self, root: Path, run: Run, outlines: Outlines) -> None:
        super().__init__(root, run.journal)
        self._outlines = outlines

    @contextmanager
    def flipped(
        self, digests: tuple[str, ...], chance: Chance, flip_bytes: int, *, in_place: bool = True
    ) -> Iterator[None]:
        with super().flipped(digests, chance, flip_bytes, in_place=in_place):
            self._outlines.flipped.update(digests)
            try:
                yield
            finally:
                self._outlines.flipped.difference_update(digests)


class NoAccessLog(AccessLog):
    """Keeps no records: the samples of the nodes tell of every request."""

    def __init__(self) -> None:
        self.start_s = None

    def record(self, exchange: Exchange) -> None:
        """Nothing is kept."""

    def flush(self) -> None:
        """There is nothing to write."""


class SimulatedProcess(RegistryProcess):
    """Dies, pauses and lives again at once. `on_death`: its connections end with it."""

    def __init__(self, run: Run, control: DirectControl, state: ServerState) -> None:
        super().__init__(run, {})
        self.control = control
        self.state = state
        self.on_death: Any = lambda: None

    async def tell(self, do: str, **fields: Any) -> None:
        await self.control.ask(do, **fields)

    async def kill(self) -> None:
        self.is_down = self.state.is_down = True
        self.on_death()

    async def start_again(self) -> None:
        self.is_down = self.state.is_down = False


@dataclass(frozen=True, kw_only=True)
class SimulatedScopedProcess:
    """`seams.Process` for one occurrence of one fault."""

    process: SimulatedProcess

    @asynccontextmanager
    async def crashed(self) -> AsyncIterator[None]:
        """See `seams.Process.crashed`. Raises ChildError."""
        if self.process.is_down:
            raise ChildError("registry: another fault has killed its process already")
        await self.process.kill()
        try:
            yield
        finally:
            await self.process.start_again()

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """See `seams.Process.paused`."""
        running = self.process.state.running
        running.clear()
        try:
            yield
        finally:
            running.set()

    async def bites(self) -> Bites:
        """The samples tell what it met, as of a real process."""
        return Bites(count=None)


@dataclass(kw_only=True)
class SimulatedRegistry(RegistryService):
    """`environment.registry.RegistryService`, with a process that is none."""

    gateway_app: Gateway
    handshakes: Handshakes | None
    state: ServerState
    outlines: Outlines
    index_file: Index
    known: KnownAnswers

    def scoped_process(self, scope: FaultScope) -> Any:
        del scope
        assert isinstance(self.process, SimulatedProcess)
        return SimulatedScopedProcess(process=self.process)


def simulated_registry(run: Run, settings: LabSettings) -> SimulatedRegistry:
    """A registry without images, whose `index_file` is open. Raises OSError."""
    nodes = all_nodes(settings)
    authority = new_authority(run.folder, (ADDRESS,)) if settings.registry.tls else None
    root = run.folder / ROOT
    registry = settings.registry
    ports = {node: number for number, node in enumerate(nodes, start=1 << 20)}
    largest = max((max(spec.layer_sizes) for spec in settings.images), default=1)
    outlines = Outlines(largest)
    guarded = registry.auth == "token"
    profile = PROFILES[registry.profile]
    tokens = TokenService(
        settings.account if guarded else None, lifetime_s=registry.token_lifetime_s
    )
    app = Registry(
        root,
        tokens,
        guarded=guarded,
        profile=profile,
        limits=registry.limits,
        pull=partial(OutlinedPull, outlines),
    )
    rules = Rules(partial(refuse_as, profile), Storage(STORAGE_PORT))
    names = {number: node for node, number in ports.items()}
    handshakes = None
    if authority is not None:
        handshakes = Handshakes(server_context(authority.certificate()), names)
    log = NoAccessLog()
    network = Network(
        registry.network, PacedSharing(_PIECE_BYTES), without_cap=frozenset({CLIENTS_NODE})
    )
    desk = ControlDesk(rules, Served(app=app, registry=app), log, handshakes, network)
    control = DirectControl("registry", desk.orders())
    state = ServerState()
    return SimulatedRegistry(
        run=run,
        process=SimulatedProcess(run, control, state),
        ports=ports,
        direct_url="",
        root=root,
        access_log=run.folder / "logs" / "access.jsonl",
        held=HeldImages(),
        files=OutlinedFiles(root, run, outlines),
        index=StoredIndex(root, run.journal, control),
        authority=authority,
        gateway_app=Gateway(app, nodes=names, rules=rules, log=log, network=network),
        handshakes=handshakes,
        state=state,
        outlines=outlines,
        index_file=app.index,
        known=KnownAnswers(
            rules=rules,
            tokens=tokens,
            keeps_quotas=registry.limits is not None,
            is_up=lambda: state.running.is_set() and not state.is_down and not network.is_on,
        ),
    )


def store_outline(registry: SimulatedRegistry, spec: ImageSpec) -> BuiltImage:
    """An image whose documents are stored whole, and whose layers are holes of their size."""
    sink = DirectorySink(registry.root)

    def store(digest: str, document: bytes) -> None:
        with sink.open_blob() as blob:
            blob.write(document)
            blob.commit(digest)

    image = outlined(spec, store)
    for platform in image.platforms:
        for layer in platform.layers:
            registry.outlines.layers.add(layer.digest)
            with blob_path(registry.root, layer.digest).open("wb") as hole:
                hole.truncate(layer.size_bytes)
    return image
