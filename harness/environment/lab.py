"""The environment of one run on this machine: registry, images, resolver and link, on loopback."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import (
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from harness.environment.held_images import image_details
from harness.environment.lab_settings import LOOPBACK, LabSettings, Place
from harness.environment.link import LinkService, open_link
from harness.environment.link_control import LinkError
from harness.environment.registry import RegistryPlace, RegistryService, open_registry
from harness.environment.resolver import ResolverService, open_resolver
from harness.environment.scope import FaultScope, missing_seam
from harness.load.orders import CLIENTS_NODE, REGISTRY_NAME, LoadTarget, NodeEndpoint
from harness.oci.images import BuiltImage, DirectorySink, ImageSpec, build
from harness.process.child import Child, ChildError, Run
from harness.recording.events import Event, RoomOpened
from harness.seams import Bites, Nodes, Seam, Seams

_DISK_RESERVE_BYTES = 256 << 20  # for samples, logs and the system's own needs

Record = Callable[[Event], None]


class EnvironmentFailed(Exception):  # noqa: N818  it is a state of the run, shown to the user
    """The environment could not be set up; the message is one sentence."""


class CountingNodes(Nodes, Protocol):
    """`seams.Nodes` for one occurrence of one fault."""

    async def bites(self) -> Bites: ...


class ClusterNodes(Protocol):
    """The nodes of a run, emulated or real, as faults may change them."""

    def scoped(self, scope: FaultScope) -> CountingNodes: ...


@dataclass(frozen=True, kw_only=True)
class LabSeams:
    """The seams of one occurrence of a fault."""

    seams: Seams
    counters: tuple[Any, ...]

    async def bites(self) -> Bites:
        """All its seams' bites together; None when one of them bit and cannot count."""
        seen = [await counter.bites() for counter in self.counters]
        if any(bites.count is None for bites in seen):
            return Bites(count=None)
        return Bites(count=sum(bites.count or 0 for bites in seen))


@dataclass(frozen=True, kw_only=True)
class Lab:
    """A running environment."""

    settings: LabSettings
    registry: RegistryService
    link: LinkService | None  # None: nodes reach the gateway directly
    resolver: ResolverService
    images: Mapping[str, BuiltImage]  # by reference as written in a pod
    address: str = LOOPBACK  # what the registry's name is resolved to

    @property
    def ports(self) -> Mapping[str, int]:
        """Where each node reaches the registry."""
        return self.registry.ports if self.link is None else self.link.ports

    def scoped(
        self, needed: frozenset[Seam], scope: FaultScope, nodes: ClusterNodes | None = None
    ) -> LabSeams:
        """The seams as one fault may touch them; those it `needed` tell its bites.

        `nodes`: those that pull; None where there are none that a fault could change.
        """
        seams = Seams(
            link=self.link.link(scope) if self.link else missing_seam(EnvironmentFailed(_NO_LINK)),
            resolver=self.resolver.resolver(scope),
            gateway=self.registry.gateway(scope),
            store=self.registry.store(scope),
            tls=self.registry.tls(scope),
            process=self.registry.scoped_process(scope),
            cluster=nodes.scoped(scope) if nodes else missing_seam(EnvironmentFailed(_NO_NODES)),
        )
        counters = tuple(getattr(seams, seam) for seam in sorted(needed))
        return LabSeams(seams=seams, counters=counters)

    def target(self, clock_start_s: float, samples_folder: Path) -> LoadTarget:
        """Where and as whom the load pulls."""
        return LoadTarget(
            registry_name=REGISTRY_NAME,
            scheme=self.registry.scheme,
            ca_pem=self.registry.ca_pem,
            resolver_address=self.resolver.address,
            endpoints={
                node: NodeEndpoint(
                    link_port=self.ports[node], resolver_port=self.resolver.ports[node]
                )
                for node in all_nodes(self.settings)
            },
            username=self.settings.login[0],
            password=self.settings.login[1],
            clock_start_s=clock_start_s,
            samples_folder=str(samples_folder),
        )

    def children(self) -> dict[str, Child]:
        """The service processes by name, without one that a fault has killed."""
        services = {"registry": self.registry, "link": self.link, "resolver": self.resolver}
        children = {name: it.child for name, it in services.items() if it is not None}
        if self.registry.process.is_down:
            del children["registry"]
        behind = self.registry.upstream
        if behind is not None and behind.child is not None:
            children[behind.child.name] = behind.child
        return children


_NO_LINK = "link: none: there is no link to inject a fault into"
_NO_NODES = "cluster: there are no nodes that a fault could change"


def all_nodes(settings: LabSettings) -> tuple[str, ...]:
    """The nodes and the pseudo-node of the background clients."""
    return (*settings.nodes, CLIENTS_NODE)


@asynccontextmanager
async def open_lab(run: Run, settings: LabSettings, record: Record) -> AsyncIterator[Lab]:
    """Open the services in order; leaving closes them in reverse.

    Raises EnvironmentFailed; what was opened before is closed.
    """
    async with AsyncExitStack() as stack:
        with environment_failures(run):
            require_disk(run.folder, settings.images_bytes)
            lab = await open_services(stack, run, settings, record, Place())
        yield lab


@contextmanager
def environment_failures(run: Run) -> Iterator[None]:
    """Raise what a service raises while it is opened as EnvironmentFailed."""
    try:
        yield
    except (ChildError, LinkError) as error:
        raise EnvironmentFailed(str(error)) from error
    except OSError as error:
        reason = error.strerror or error
        raise EnvironmentFailed(f"{error.filename or run.folder}: {reason}") from error


async def open_services(
    stack: AsyncExitStack, run: Run, settings: LabSettings, record: Record, place: Place
) -> Lab:
    """Open the services into `stack`. With a link before it the registry stays on loopback.

    Raises ChildError, LinkError, OSError.
    """
    nodes = all_nodes(settings)
    started = time.monotonic()
    registry = await stack.enter_async_context(
        open_registry(
            run,
            settings.registry,
            RegistryPlace(
                nodes=nodes,
                host=place.listen_host if settings.link == "none" else LOOPBACK,
                storage_host=place.listen_host,
                address=place.address,
            ),
            account=settings.account,
            upstream=settings.upstream,
        )
    )
    started = opened(record, "registry", started, _registry_details(settings))
    images = await _store_images(registry, settings.images)
    started = opened(record, "images", started, image_details(images))
    resolver = await stack.enter_async_context(
        open_resolver(
            run,
            nodes=nodes,
            name=REGISTRY_NAME,
            address=place.address,
            listen_host=place.listen_host if place.resolver_asked else LOOPBACK,
        )
    )
    started = opened(record, "resolver", started, {"address": resolver.address})
    link = await _open_link(stack, run, settings, registry, place)
    opened(record, "link", started, _link_details(link))
    return Lab(
        settings=settings,
        registry=registry,
        link=link,
        resolver=resolver,
        images=images,
        address=place.address,
    )


async def _open_link(
    stack: AsyncExitStack,
    run: Run,
    settings: LabSettings,
    registry: RegistryService,
    place: Place,
) -> LinkService | None:
    if settings.link == "none":
        return None
    return await stack.enter_async_context(
        open_link(
            run,
            kind=settings.link,
            upstream_ports=registry.ports,
            listen_host=place.listen_host,
            ports=place.ports,
            toxiproxy_path=settings.toxiproxy_path,
            cache_folder=settings.cache_folder,
            open_control=settings.open_link_control,
            seed=settings.seed,
        )
    )


def _registry_details(settings: LabSettings) -> dict[str, str]:
    return {"provider": settings.provider, "profile": settings.registry.profile}


def _link_details(link: LinkService | None) -> dict[str, str]:
    if link is None:
        return {"kind": "none"}
    return {"kind": link.kind, "version": link.version}


def opened(record: Record, room: str, started: float, details: Mapping[str, Any]) -> float:
    """Record that `room` is open since `started`; the time now."""
    now = time.monotonic()
    record(RoomOpened(at_s=0.0, room=room, took_s=now - started, details=details))
    return now


def require_disk(folder: Path, images_bytes: int) -> None:
    """Raises EnvironmentFailed when the images would not fit."""
    free_bytes = shutil.disk_usage(folder).free
    if images_bytes + _DISK_RESERVE_BYTES > free_bytes:
        raise EnvironmentFailed(
            f"images: need {images_bytes / 2**20:,.0f} MiB and {_DISK_RESERVE_BYTES >> 20} MiB "
            f"of reserve on the disk of {folder}, which has {free_bytes / 2**20:,.0f} MiB free"
        )


async def _store_images(
    registry: RegistryService, specs: tuple[ImageSpec, ...]
) -> dict[str, BuiltImage]:
    images: dict[str, BuiltImage] = {}
    for spec in specs:
        built = await asyncio.to_thread(build, spec, DirectorySink(registry.root))
        tag = f"v{spec.version}"
        await registry.add_image(built, spec.name, tag)
        images[f"{REGISTRY_NAME}/{spec.name}:{tag}"] = built
    return images
