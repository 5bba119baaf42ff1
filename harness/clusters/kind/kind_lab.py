"""The environment of one run with real nodes: a kind cluster, and the services on its bridge."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from harness.clusters.errors import ClusterError
from harness.clusters.kind.containers import CommandFailed
from harness.clusters.kind.creation import KindSettings, open_kind
from harness.clusters.kind.kind_cluster import KindCluster
from harness.clusters.kind.node_path import PathSettings, open_node_path
from harness.clusters.program_calls import all_of
from harness.environment.lab import (
    Lab,
    Record,
    environment_failures,
    open_services,
    opened,
    require_disk,
)
from harness.environment.lab_settings import LabSettings, Place
from harness.load.orders import REGISTRY_NAME
from harness.process.child import Run

_REACH_S = 5


@asynccontextmanager
async def open_kind_lab(
    run: Run, settings: LabSettings, kind: KindSettings, record: Record
) -> AsyncIterator[tuple[Lab, KindCluster]]:
    """Open the cluster, the services that its nodes reach, and the nodes' way to them.

    Nodes are `settings.nodes`, by the plan's names. Raises EnvironmentFailed; what was opened
    before is closed.
    """
    async with AsyncExitStack() as stack:
        with environment_failures(run):
            require_disk(run.folder, settings.images_bytes)
            started = time.monotonic()
            cluster = await stack.enter_async_context(open_kind(run, kind))
            if missing := [node for node in settings.nodes if node not in cluster.nodes]:
                raise ClusterError(f"cluster: has {len(cluster.nodes)} nodes, and no {missing[0]}")
            opened(record, "cluster", started, cluster_details(cluster))
            place = Place(listen_host=cluster.listen_host, address=cluster.gateway_address)
            lab = await open_services(stack, run, settings, record, place)
            started = time.monotonic()
            path = path_settings(lab)
            await stack.enter_async_context(open_node_path(run, cluster, path))
            await _require_reachable(cluster, path)
            opened(record, "node path", started, {"address": place.address})
        yield lab, cluster


def path_settings(lab: Lab) -> PathSettings:
    """Where the nodes of `lab` shall go."""
    return PathSettings(
        registry_name=REGISTRY_NAME,
        link_ports=lab.ports,
        resolver_ports=lab.resolver.ports,
        ca=lab.registry.ca_pem,
    )


def cluster_details(cluster: KindCluster) -> dict[str, object]:
    """What a recording keeps of the cluster."""
    return {
        "provider": "kind",
        "name": cluster.name,
        "made": cluster.made,
        "engine": cluster.engine.name,
        "nodes": dict(cluster.nodes),
        **cluster.versions,
    }


async def _require_reachable(cluster: KindCluster, path: PathSettings) -> None:
    """Each node looks the registry up and connects to its own listener, or says why it cannot."""
    await all_of(_reach(cluster, node, path) for node in cluster.nodes)


async def _reach(cluster: KindCluster, node: str, path: PathSettings) -> None:
    name, port = path.registry_name, path.link_ports[node]
    fix = f"does a firewall here keep the cluster's bridge from {cluster.listen_host}?"
    try:
        answer = await cluster.exec(node, ("getent", "ahostsv4", name))
    except CommandFailed:
        raise ClusterError(f"{cluster.container(node)}: cannot look up {name}: {fix}") from None
    if answer.decode().split()[:1] != [cluster.gateway_address]:
        raise ClusterError(
            f"{cluster.container(node)}: {name} is {answer.decode().split()[0]} to it, "
            f"not {cluster.gateway_address}"
        )
    script = f'exec timeout {_REACH_S} bash -c \'exec 3<>"/dev/tcp/$0/$1"\' "$@"'
    try:
        await cluster.exec(node, ("sh", "-c", script, "sh", name, str(port)))
    except CommandFailed:
        raise ClusterError(
            f"{cluster.container(node)}: cannot connect to {name}:{port}: {fix}"
        ) from None
