"""A kind cluster for one run: created, awaited, and deleted whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.clusters.errors import ClusterError
from harness.clusters.guard import run_name
from harness.clusters.kind.addresses import find_addresses
from harness.clusters.kind.containers import Engine, find_engine
from harness.clusters.kind.deletion import CLUSTER_LABEL, delete_cluster
from harness.clusters.kind.kind_cli import KindCli, find_kind, read_failure
from harness.clusters.kind.kind_cluster import (
    KindCluster,
    ask_nodes,
)
from harness.clusters.kind.kind_config import (
    PLAIN_CONFIG,
    patched_config,
)
from harness.clusters.kind.readiness import IdleNodeError, await_ready
from harness.clusters.kind.reuse import require_reusable
from harness.clusters.rollouts.kubernetes import KubernetesNode
from harness.node.settings import NodeSettings
from harness.process.child import Run, start_child
from harness.process.completion import run_to_completion

_TRIES: Final = 2  # one retry: a creation also fails by chance
_CREATE_S: Final = 900.0  # the node image may have to be pulled
_READY_S: Final = 180.0
_PODS_S: Final = 60.0  # from Ready to the system pods: their images are there already


@dataclass(frozen=True, kw_only=True)
class KindSettings:
    """What the cluster must be.

    `config`: a configuration of kind's; None: a control plane and workers, nothing else. `nodes`:
    how many pull. `image` None: kind's own. `kind_path`, `engine`: programs that the user named.
    `keep`: leave it there at the end. `reuse`: the name of a cluster that an earlier run kept.
    """

    config: Path | None
    nodes: int
    node_settings: NodeSettings
    image: str | None = None
    kind_path: str | None = None
    cache_folder: Path | None = None
    engine: str | None = None
    keep: bool = False
    reuse: str | None = None
    create_timeout_s: float = _CREATE_S
    ready_timeout_s: float = _READY_S
    pods_timeout_s: float = _PODS_S


@dataclass(frozen=True, kw_only=True)
class _Making:
    """What the parts of one creation share."""

    run: Run
    settings: KindSettings
    cli: KindCli
    version: str
    name: str

    @property
    def engine(self) -> Engine:
        return self.cli.engine

    @property
    def kubeconfig(self) -> Path:
        return self.run.folder / "kubeconfig"


@asynccontextmanager
async def open_kind(run: Run, settings: KindSettings) -> AsyncIterator[KindCluster]:
    """A cluster whose nodes are all Ready, until the block is left.

    Its record is in the journal before anything is made. Raises ClusterError.
    """
    engine = find_engine(settings.engine)
    server = await engine.server()
    cli = find_kind(named=settings.kind_path, cache_folder=settings.cache_folder, engine=engine)
    making = _Making(
        run=run,
        settings=settings,
        cli=cli,
        version=await cli.version(),
        name=settings.reuse or run_name(run.run_id),
    )
    clusters = await cli.clusters()
    if settings.reuse:
        async with _reused(making, clusters) as cluster:
            yield cluster
        return
    if making.name in clusters:
        raise ClusterError(
            f"a cluster of the name {making.name} is already there: "
            f"kind delete cluster --name {making.name}"
        )
    await _require_architecture(engine, settings.image, server.architecture)
    async with _created(making) as cluster:
        yield cluster


@asynccontextmanager
async def _created(making: _Making) -> AsyncIterator[KindCluster]:
    run, engine = making.run, making.engine
    text = _configuration(making)
    record = run.journal.record(
        {
            "kind": "delete_kind_cluster",
            "run_id": run.run_id,
            "name": making.name,
            "engine": engine.name,
        }
    )
    whole = False
    try:
        cluster = await _create_ready(making, text)
        whole = True
        yield cluster
    finally:
        if not (whole and making.settings.keep):
            await run_to_completion(_delete(making, settle=not whole))
        run.journal.done(record)


def _configuration(making: _Making) -> Path:
    settings = making.settings
    text = PLAIN_CONFIG
    if settings.config is not None:
        try:
            text = settings.config.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ClusterError(f"{settings.config}: cannot be read: {error}") from error
    try:
        patched = patched_config(
            text,
            nodes=settings.nodes,
            settings=settings.node_settings,
            run_id=making.run.run_id,
        )
    except ClusterError as error:
        raise ClusterError(f"{settings.config}: {error}") from error
    path = making.run.folder / "kind-config.yaml"
    path.write_text(patched, encoding="utf-8")
    return path


async def _require_architecture(engine: Engine, image: str | None, machine: str) -> None:
    found = await engine.image_architecture(image) if image else None
    if found and machine and found != machine:
        raise ClusterError(
            f"the node image {image} is for {found}, and this machine's engine is {machine}"
        )


async def _create(making: _Making, config: Path) -> None:
    for attempt in range(_TRIES):
        log = await _try_create(making, config)
        if log is None:
            return
        failure = read_failure(log, name=making.name, image=making.settings.image)
        await _export_logs(making)
        if failure.lasting or attempt + 1 == _TRIES:
            raise ClusterError(f"kind create cluster: {failure.reason}")
        await delete_cluster(making.engine, making.name, settle=True)


async def _try_create(making: _Making, config: Path) -> str | None:
    """None when it succeeded, else what kind wrote."""
    settings = making.settings
    words = [
        *("create", "cluster", "--name", making.name, "--config", str(config)),
        *("--kubeconfig", str(making.kubeconfig), "--retain"),
        *(("--image", settings.image) if settings.image else ()),
    ]
    async with start_child(making.run, "kind", making.cli.argv(*words), config=None) as child:
        before = child.log.stat().st_size
        try:
            async with asyncio.timeout(settings.create_timeout_s):
                code = await child.process.wait()
        except TimeoutError:
            return f"ERROR: not done within {settings.create_timeout_s:g} s"
        written = child.log.read_bytes()
    if code == 0:
        return None
    return written[min(before, len(written)) :].decode(errors="replace") or written.decode()


async def _create_ready(making: _Making, config: Path) -> KindCluster:
    """A cluster that can run pods; made a second time when a node of the first could not."""
    for _ in range(_TRIES - 1):
        await _create(making, config)
        with suppress(IdleNodeError):
            return await _await_ready(making)
        await delete_cluster(making.engine, making.name, settle=True)
    await _create(making, config)
    return await _await_ready(making)


async def _await_ready(making: _Making) -> KindCluster:
    containers = await making.engine.containers(f"{CLUSTER_LABEL}={making.name}")
    try:
        nodes = await await_ready(
            making.engine,
            containers,
            control_plane=f"{making.name}-control-plane",
            ready_timeout_s=making.settings.ready_timeout_s,
            pods_timeout_s=making.settings.pods_timeout_s,
        )
    except ClusterError:
        await _export_logs(making)
        raise
    return await _found(making, nodes, made=True)


async def _found(making: _Making, nodes: dict[str, KubernetesNode], *, made: bool) -> KindCluster:
    control_plane = f"{making.name}-control-plane"
    workers = sorted(
        (name for name in nodes if name.startswith(f"{making.name}-worker")), key=_rank
    )
    pulling = workers or [control_plane]
    addresses = await find_addresses(making.engine, pulling[0])
    first = nodes[pulling[0]]
    names = {f"node-{n}": name for n, name in enumerate(pulling[: making.settings.nodes])}
    return KindCluster(
        name=making.name,
        kubeconfig=making.kubeconfig,
        nodes=names,
        hosts=names,  # kind calls its nodes as their hosts
        control_plane=control_plane,
        gateway_address=addresses.gateway,
        listen_host=addresses.listen_host,
        engine=making.engine,
        made=made,
        stays=not made or making.settings.keep,
        cli=making.cli,
        versions={
            "kind": making.version,
            "kubernetes": first.kubelet,
            "containerd": first.runtime.removeprefix("containerd://"),
        },
    )


def _rank(worker: str) -> int:
    """Kind calls them worker, worker2, worker3."""
    return int(worker.rpartition("-worker")[2] or 1)


@asynccontextmanager
async def _reused(making: _Making, clusters: Sequence[str]) -> AsyncIterator[KindCluster]:
    """A cluster that an earlier run kept; it stays."""
    name, settings = making.name, making.settings
    if name not in clusters:
        known = ", ".join(clusters) or "none"
        raise ClusterError(f"--reuse: no kind cluster of the name {name}; there are: {known}")
    nodes = await ask_nodes(making.engine, f"{name}-control-plane")
    require_reusable(name, nodes, settings.node_settings)
    await making.cli.export_kubeconfig(name, making.kubeconfig)
    try:
        cluster = await _found(making, nodes, made=False)
        if len(cluster.nodes) < settings.nodes:
            raise ClusterError(
                f"--reuse: the cluster {name} has {len(cluster.nodes)} nodes, "
                f"and {settings.nodes} are needed"
            )
        yield cluster
    finally:
        making.kubeconfig.unlink(missing_ok=True)


async def _export_logs(making: _Making) -> None:
    """As much as can be had: what failed may be the engine itself."""
    with suppress(ClusterError):
        await making.cli.export_logs(making.name, making.run.folder / "logs" / "kind")


async def _delete(making: _Making, *, settle: bool) -> None:
    try:
        await delete_cluster(making.engine, making.name, settle=settle)
    except ClusterError as error:
        raise ClusterError(
            f"{error}; the cluster {making.name} may still be there: run `harness recover`"
        ) from error
    making.kubeconfig.unlink(missing_ok=True)
