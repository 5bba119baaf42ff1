"""The way of a node's pulls: containerd asks its own link listener, and its names are ours."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from harness.clusters.errors import ClusterError
from harness.clusters.kind.kind_cluster import KindCluster
from harness.clusters.kind.node_changes import (
    CERTS_FOLDER,
    HOSTS_FILE,
    NAME_SERVER,
    RESOLV_CONF,
    NodeChanger,
    NodeRule,
)
from harness.clusters.program_calls import all_of
from harness.node.hosts import Hosts, hosts_with
from harness.process.child import Run
from harness.process.completion import run_to_completion
from harness.seams import HostsMistake


@dataclass(frozen=True, kw_only=True)
class PathSettings:
    """Where the nodes shall go. Ports by the plan's name of the node; `ca` with TLS (PEM)."""

    registry_name: str
    link_ports: Mapping[str, int]
    resolver_ports: Mapping[str, int]
    ca: str = ""

    @property
    def folder(self) -> str:
        """Where a node's containerd looks for what concerns the registry."""
        return f"{CERTS_FOLDER}/{self.registry_name}"

    def hosts_toml(self, node: str, mistake: HostsMistake | None = None) -> str:
        """The node's hosts.toml, with a mistake in it or none."""
        scheme = "https" if self.ca else "http"
        url = f"{scheme}://{self.registry_name}:{self.link_ports[node]}"
        return toml_of(hosts_with(mistake, url), f"{self.folder}/ca.crt" if self.ca else "")


@asynccontextmanager
async def open_node_path(
    run: Run, cluster: KindCluster, settings: PathSettings
) -> AsyncIterator[None]:
    """Lead the pulls of every node over its own link listener and resolver port.

    All changes are undone exactly when the block is left. Raises ClusterError.
    """
    changer = NodeChanger(run=run, cluster=cluster)
    changed = {node: AsyncExitStack() for node in cluster.nodes}
    try:
        await all_of(_lay(changer, node, settings, undo) for node, undo in changed.items())
        yield
    finally:
        await run_to_completion(_restore(changed.values()))


def toml_of(hosts: Hosts, ca: str) -> str:
    """Containerd's hosts.toml; every host trusts the authority in the file `ca`, if there is one.

    A right one has one entry only: with a `[host]` table beside `server` containerd would ask both.
    """
    trust = [f'ca = "{ca}"'] if ca else []
    lines = [f'server = "{hosts.server}"', *trust]
    for mirror in hosts.mirrors:
        lines += ["", f'[host."{mirror}"]', *trust]
    return "\n".join((*lines, ""))


def resolv_conf() -> str:
    """No search list, so that each lookup is one name."""
    return f"nameserver {NAME_SERVER}\n"


async def _lay(
    changer: NodeChanger, node: str, settings: PathSettings, undo: AsyncExitStack
) -> None:
    cluster, container = changer.cluster, changer.cluster.nodes[node]
    await _require_free(changer, container)
    if settings.ca:
        authority = changer.written(container, f"{settings.folder}/ca.crt", settings.ca)
        await undo.enter_async_context(authority)
    toml = changer.written(container, f"{settings.folder}/hosts.toml", settings.hosts_toml(node))
    await undo.enter_async_context(toml)
    if container != cluster.control_plane:
        # The kubelet asks for it by a name that only the engine's name server knows.
        line = await _hosts_line(changer, container, cluster.control_plane)
        known = changer.written(container, HOSTS_FILE, line, appended=True)
        await undo.enter_async_context(known)
    for protocol in ("udp", "tcp"):
        rule = NodeRule(
            cluster=cluster.name,
            container=container,
            protocol=protocol,
            address=cluster.gateway_address,
            port=settings.resolver_ports[node],
        )
        await undo.enter_async_context(changer.ruled(rule))
    await undo.enter_async_context(changer.written(container, RESOLV_CONF, resolv_conf()))


async def _require_free(changer: NodeChanger, container: str) -> None:
    """Nobody else's path is under ours, and containerd reads what we write."""
    config = await changer.engine.read_file(container, "/etc/containerd/config.toml") or b""
    if CERTS_FOLDER.encode() not in config:
        raise ClusterError(
            f"{container}: its containerd does not read {CERTS_FOLDER}: use a node image "
            "of kind 0.27 or later, or set config_path in kind-config.yaml"
        )
    now = await changer.engine.read_file(container, RESOLV_CONF) or b""
    if NAME_SERVER.encode() in now:
        raise ClusterError(
            f"{container}: its path was already changed by another run: wait for that, "
            "or run `harness recover` when it was killed"
        )


async def _hosts_line(changer: NodeChanger, container: str, name: str) -> str:
    script = 'getent ahostsv4 "$1" || true'
    answer = await changer.engine.execute(container, ("sh", "-c", script, "sh", name))
    words = answer.decode().split()
    if not words:
        raise ClusterError(f"{container}: cannot look up {name}")
    return f"{words[0]}\t{name}\n"


async def _restore(changed: Iterable[AsyncExitStack]) -> None:
    results = await asyncio.gather(*(undo.aclose() for undo in changed), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
