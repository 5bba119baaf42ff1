"""The environment of a simulated run: the lab's own services, called directly."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from typing import Any

from harness.clusters.simulated.direct_control import DirectControl
from harness.clusters.simulated.simulated_link import SimulatedLinkControl, SimulatedProxy
from harness.clusters.simulated.simulated_network import (
    ADDRESS,
    REGISTRY_PORT,
    RESOLVER_PORT,
    SimulatedNetwork,
)
from harness.clusters.simulated.simulated_registry import (
    ROOT,
    SimulatedProcess,
    SimulatedRegistry,
    simulated_registry,
    store_outline,
)
from harness.environment.held_images import image_details
from harness.environment.lab import Lab, Record, all_nodes, environment_failures
from harness.environment.lab_settings import LabSettings
from harness.environment.link import LinkService
from harness.environment.resolver import ResolverService
from harness.load.orders import REGISTRY_NAME
from harness.oci.images import BuiltImage
from harness.process.child import Run
from harness.recording.events import RoomOpened
from harness.resolver.answers import NameServer
from harness.resolver.control import orders_of
from harness.resolver.zone import Zone

VERSION = "simulated"


@dataclass(frozen=True, kw_only=True)
class SimulatedLab:
    """The lab, whose seams are those of every lab, and the network that its nodes go by."""

    lab: Lab
    network: SimulatedNetwork


@asynccontextmanager
async def open_simulated_lab(
    run: Run, settings: LabSettings, record: Record
) -> AsyncIterator[SimulatedLab]:
    """Services without processes, until the block is left. Raises EnvironmentFailed."""
    undo = run.journal.record({"kind": "remove_registry"})
    try:
        with environment_failures(run):
            registry = simulated_registry(run, settings)
        with closing(registry.index_file):
            with environment_failures(run):
                lab = await _opened(registry, settings, record)
            yield lab
    finally:
        shutil.rmtree(run.folder / ROOT, ignore_errors=True)
        run.journal.done(undo)


async def _opened(
    registry: SimulatedRegistry, settings: LabSettings, record: Record
) -> SimulatedLab:
    nodes = all_nodes(settings)
    images: dict[str, BuiltImage] = {}
    for spec in settings.images:
        built = store_outline(registry, spec)
        tag = f"v{spec.version}"
        await registry.add_image(built, spec.name, tag)
        images[f"{REGISTRY_NAME}/{spec.name}:{tag}"] = built
    server = NameServer(zone=Zone(name=REGISTRY_NAME, address=ADDRESS, others="nxdomain"))
    proxies = {}
    if settings.link != "none":
        proxies = {node: SimulatedProxy(node, seed=settings.seed) for node in nodes}
    network = SimulatedNetwork(
        gateway=registry.gateway_app,
        server=registry.state,
        proxies=proxies,
        ports=registry.ports,
        names=server,
        handshakes=registry.handshakes,
        scheme=registry.scheme,
        ca_pem=registry.ca_pem,
        known=registry.known,
        made_content=registry.outlines.made,
    )
    assert isinstance(registry.process, SimulatedProcess)
    registry.process.on_death = network.end_connections
    about: dict[str, dict[str, Any]] = {
        "registry": {"provider": "embedded", "profile": settings.registry.profile},
        "images": image_details(images),
        "resolver": {"address": ADDRESS},
        "link": {"kind": "embedded", "version": VERSION} if proxies else {"kind": "none"},
    }
    about["cluster"] = {"provider": "simulated", "nodes": len(settings.nodes)}
    for room, details in about.items():
        record(RoomOpened(at_s=0.0, room=room, took_s=0.0, details=details))
    return SimulatedLab(
        lab=Lab(
            settings=settings,
            registry=registry,
            link=_link(proxies) if proxies else None,
            resolver=_resolver(server, nodes),
            images=images,
            address=ADDRESS,
        ),
        network=network,
    )


def _link(proxies: dict[str, SimulatedProxy]) -> LinkService:
    nobody: Any = None
    return LinkService(
        kind="embedded",
        version=VERSION,
        control_url="",
        control_token="",
        listen_host=ADDRESS,
        ports=dict.fromkeys(proxies, REGISTRY_PORT),
        child=nobody,
        control=SimulatedLinkControl(proxies),
    )


def _resolver(server: NameServer, nodes: tuple[str, ...]) -> ResolverService:
    nobody: Any = None
    return ResolverService(
        name=REGISTRY_NAME,
        address=ADDRESS,
        ports=dict.fromkeys(nodes, RESOLVER_PORT),
        child=nobody,
        control=DirectControl("resolver", orders_of(server)),
    )
