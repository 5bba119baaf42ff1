"""The registry as a service: the embedded registry and its gateway, started, filled and changed."""

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from harness.environment.authority import Authority, new_authority
from harness.environment.handshakes import ScopedTls
from harness.environment.held_images import HeldImages
from harness.environment.registry_process import RegistryProcess, ScopedProcess
from harness.environment.registry_settings import RegistrySettings
from harness.environment.scope import FaultScope, missing_seam
from harness.environment.scoped_gateway import ScopedGateway
from harness.environment.store import ScopedStore
from harness.environment.stored_files import StoredFiles
from harness.environment.stored_index import StoredIndex
from harness.environment.upstream.access import UpstreamSettings
from harness.environment.upstream.service import UpstreamService, open_upstream
from harness.load.orders import CLIENTS_NODE
from harness.oci.images import BuiltImage
from harness.process.child import Child, ChildError, Run
from harness.process.child_control import ControlChannel
from harness.registry.tokens import Account
from harness.seams import Where

REGISTRY_FOLDER = "registry"  # in the run folder: the content at rest


@dataclass(frozen=True, kw_only=True)
class RegistryPlace:
    """Where the gateway and the storage behind it listen; `nodes` reach them at `address`."""

    nodes: tuple[str, ...]
    host: str = "127.0.0.1"
    storage_host: str = "127.0.0.1"  # where nodes find redirected blobs
    address: str = "127.0.0.1"


_NOBODY = Account(username="", password="")


@dataclass(kw_only=True)
class RegistryService:
    """A running registry. `ports` has the gateway's port for each node.

    `direct_url` reaches the gateway past the link, as no node. `root` holds the content
    (`blobs/<algorithm>/<hex>`), which may be written there before `add_image`. `authority`: who
    issued the gateway's certificate; None when it speaks plain HTTP.
    """

    run: Run
    process: RegistryProcess
    ports: Mapping[str, int]
    direct_url: str
    root: Path
    access_log: Path
    held: HeldImages
    files: StoredFiles
    index: StoredIndex
    upstream: UpstreamService | None = None  # None: the embedded registry
    authority: Authority | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def scheme(self) -> Literal["http", "https"]:
        return _scheme(self.authority)

    @property
    def ca_pem(self) -> str:
        """The certificate that clients shall trust; "" without TLS."""
        return "" if self.authority is None else self.authority.ca_pem

    @property
    def child(self) -> Child:
        """Its process, the latest of them."""
        return self.process.child

    @property
    def control(self) -> ControlChannel:
        return self.process.control

    async def add_image(self, image: BuiltImage, repository: str, tag: str) -> None:
        """Let `repository` have an image whose content is below `root`. Raises ChildError."""
        positions: dict[str, list[int]] = {}
        for platform in image.platforms:
            for position, layer in enumerate(platform.layers):
                positions.setdefault(layer.digest, []).append(position)
        top_last = [*image.manifests[1:], image.top]
        upstream_tag = tag
        if self.upstream is not None:
            upstream_tag = await self.upstream.images.push(image, repository, tag)
        await self.process.tell(
            "add_image",
            repository=repository,
            tag=tag,
            upstream_tag=upstream_tag,
            blobs=list(image.blob_digests),
            manifests=[[manifest.digest, manifest.media_type] for manifest in top_last],
            layers=positions,
        )
        self.held.add(repository, tag, image)

    async def set_clock(self, start_s: float) -> None:
        """Let access records count from `start_s` on the monotonic clock. Raises ChildError."""
        await self.process.tell("set_clock", start_s=start_s)

    async def lift_quotas(self) -> None:
        """Refuse nothing for a quota any more, until `set_clock` begins anew. Raises ChildError."""
        await self.process.tell("lift_quotas")

    async def write_records(self) -> None:
        """Let the access records of all that has ended be on disk. Raises ChildError."""
        await self.control.ask("write_records")

    def scoped_process(self, scope: FaultScope) -> ScopedProcess:
        return ScopedProcess(process=self.process, run=self.run, scope=scope)

    def gateway(self, scope: FaultScope) -> ScopedGateway:
        return ScopedGateway(
            control=self.control, scope=scope, numbers=self._numbers, held=self.held
        )

    def store(self, scope: FaultScope) -> ScopedStore:
        everywhere = replace(scope, where=Where())  # what lies there is served to everybody
        return ScopedStore(
            held=self.held,
            files=self.files,
            index=self.index,
            scope=scope,
            watching=self.gateway(everywhere),
        )

    def tls(self, scope: FaultScope) -> ScopedTls:
        if self.authority is None:
            why = "tls: false: there are no TLS handshakes to inject a fault into"
            no_tls: ScopedTls = missing_seam(ChildError(why))
            return no_tls
        return ScopedTls(
            control=self.control, authority=self.authority, scope=scope, numbers=self._numbers
        )


def _scheme(authority: Authority | None) -> Literal["http", "https"]:
    return "http" if authority is None else "https"


@asynccontextmanager
async def open_registry(
    run: Run,
    settings: RegistrySettings,
    place: RegistryPlace,
    *,
    account: Account = _NOBODY,
    upstream: UpstreamSettings | None = None,
) -> AsyncIterator[RegistryService]:
    """Start the registry with a gateway port for each node, until the block is left.

    `settings.port` is that of `direct_url`; its limits are kept from `set_clock` on. `account`:
    who may log in. `upstream`: what is behind the gateway instead. The content is deleted at the
    end. Raises ChildError, OSError.
    """
    root = run.folder / REGISTRY_FOLDER
    authority = None
    if settings.tls:
        authority = new_authority(run.folder, (place.storage_host, place.address))
    record = run.journal.record({"kind": "remove_registry"})
    config: dict[str, Any] = {
        "root": str(root.resolve()),
        "access_log": str((run.folder / "logs" / "access.jsonl").resolve()),
        **asdict(settings),
        **asdict(account),
        "host": place.host,
        "storage_host": place.storage_host,
        "nodes": list(place.nodes),
        "without_cap": [CLIENTS_NODE],  # each of them is a machine of its own
        "certificate": "" if authority is None else authority.certificate(),
    }
    try:
        async with AsyncExitStack() as stack:
            behind = None
            if upstream is not None:
                behind = await stack.enter_async_context(open_upstream(run, upstream, root))
                config["upstream"] = behind.config
            process = RegistryProcess(run, config)
            stack.push_async_callback(process.close)
            ready = await process.start()
            yield RegistryService(
                run=run,
                process=process,
                ports=ready["ports"],
                direct_url=f"{_scheme(authority)}://{place.host}:{ready['port']}",
                root=root,
                access_log=Path(config["access_log"]),
                held=HeldImages(),
                files=StoredFiles(root, run.journal),
                index=StoredIndex(root, run.journal, process.control),
                upstream=behind,
                authority=authority,
            )
    finally:
        await asyncio.to_thread(shutil.rmtree, root, ignore_errors=True)
        run.journal.done(record)
