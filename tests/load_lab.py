"""A real registry and resolver with small images, and loads against them."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from harness.environment.registry import RegistryPlace, RegistryService, open_registry
from harness.environment.registry_settings import RegistrySettings
from harness.environment.resolver import ResolverService, open_resolver
from harness.load.driver import LoadRun, start_load
from harness.load.orders import (
    CLIENTS_NODE,
    REGISTRY_NAME,
    LoadOrders,
    LoadTarget,
    NodeEndpoint,
    PodOrder,
    PullsOrder,
    PushesOrder,
    RolloutOrder,
)
from harness.node.settings import NodeSettings, PullPolicy
from harness.oci.images import BuiltImage, DirectorySink, ImageSpec, build
from harness.process.child import Run
from harness.process.journal import Journal
from harness.registry.tokens import Account

_LIMIT_S = 30.0
START_S = 0.5  # from the word to begin to the beginning
PASSWORD = "secret"


@dataclass(kw_only=True)
class LoadLab:
    """Nodes reach the gateway directly: their link ports are the gateway's."""

    run: Run
    registry: RegistryService
    resolver: ResolverService
    nodes: tuple[str, ...]
    images: dict[str, BuiltImage] = field(default_factory=dict)

    @property
    def samples_folder(self) -> Path:
        return self.run.folder / "samples"

    async def add_image(self, name: str, *, size_bytes: int = 64 << 10, layers: int = 3) -> str:
        """Its reference, as written in a pod."""
        spec = ImageSpec(name=name, size_bytes=size_bytes, layers=layers)
        image = build(spec, DirectorySink(self.registry.root))
        await self.registry.add_image(image, name, spec.tag)
        reference = f"{REGISTRY_NAME}/{image.reference}"
        self.images[reference] = image
        return reference

    def blob_bytes(self, reference: str) -> int:
        """Bytes of blobs in one cold pull: the config and all layers."""
        return sum(blob.size_bytes for blob in self.images[reference].blobs)

    def target(self, *, ports: Mapping[str, int] | None = None) -> LoadTarget:
        ports = {**self.registry.ports, **(ports or {})}
        return LoadTarget(
            registry_name=REGISTRY_NAME,
            scheme=self.registry.scheme,
            ca_pem=self.registry.ca_pem,
            resolver_address="127.0.0.1",
            endpoints={
                node: NodeEndpoint(link_port=ports[node], resolver_port=self.resolver.ports[node])
                for node in (*self.nodes, CLIENTS_NODE)
            },
            username="harness",
            password=PASSWORD,
            clock_start_s=0.0,
            samples_folder=str(self.samples_folder),
        )

    @asynccontextmanager
    async def load(
        self,
        orders: LoadOrders,
        *,
        workers: int = 1,
        in_s: float = START_S,
        ports: Mapping[str, int] | None = None,
    ) -> AsyncIterator[LoadRun]:
        self.samples_folder.mkdir(exist_ok=True)
        target = self.target(ports=ports)
        async with start_load(self.run, orders, target, workers) as load:
            clock_start_s = time.monotonic() + in_s
            await self.registry.set_clock(clock_start_s)
            await load.begin(clock_start_s)
            yield load

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of `table`, of every batch and writer."""
        files = sorted(self.samples_folder.glob(f"{table}-*.parquet"))
        return [row for file in files for row in pq.read_table(file).to_pylist()]

    def orders(
        self,
        *rollouts: RolloutOrder,
        until_s: float = 20.0,
        pulls: tuple[PullsOrder, ...] = (),
        pushes: tuple[PushesOrder, ...] = (),
        settings: NodeSettings | None = None,
    ) -> LoadOrders:
        return LoadOrders(
            seed=1,
            until_s=until_s,
            nodes=self.nodes,
            node_settings=settings or NodeSettings(),
            rollouts=rollouts,
            pulls=pulls,
            pushes=pushes,
        )

    def rollout(
        self,
        image: str,
        *,
        name: str = "app",
        number: int = 1,
        at_s: float = 0.0,
        replicas: int = 2,
        pull_policy: PullPolicy = "IfNotPresent",
    ) -> RolloutOrder:
        return RolloutOrder(
            rollout=f"{name}-{number}",
            name=name,
            round=number,
            at_s=at_s,
            image=image,
            pull_policy=pull_policy,
            pods=tuple(
                PodOrder(pod=f"{name}-{number}-{index}", node=self.nodes[index % len(self.nodes)])
                for index in range(replicas)
            ),
        )


@asynccontextmanager
async def open_load_lab(
    folder: Path, nodes: int = 2, *, tls: bool = False
) -> AsyncIterator[LoadLab]:
    names = tuple(f"node-{number}" for number in range(nodes))
    everyone = (*names, CLIENTS_NODE)
    journal = Journal(folder / "journal.jsonl")
    run = Run(run_id="abc123", folder=folder, journal=journal, clock_start_s=time.monotonic())
    async with (
        open_registry(
            run,
            RegistrySettings(tls=tls),
            RegistryPlace(nodes=everyone),
            account=Account(username="harness", password=PASSWORD),
        ) as registry,
        open_resolver(run, nodes=everyone, name=REGISTRY_NAME, address="127.0.0.1") as resolver,
    ):
        yield LoadLab(run=run, registry=registry, resolver=resolver, nodes=names)
    journal.close()


async def to_end(load: LoadRun) -> tuple[tuple[bool, str], dict[str, Any]]:
    """How `load` finished, and its last tally."""
    last: dict[str, Any] = {}

    async def listen() -> None:
        async for tally in load.tallies():
            last.update(tally)

    listening = asyncio.ensure_future(listen())
    ended = await asyncio.wait_for(load.finished(), _LIMIT_S)
    await asyncio.sleep(0)
    listening.cancel()
    return ended, last
