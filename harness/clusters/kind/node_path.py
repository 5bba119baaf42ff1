"""The way of a node's pulls: containerd asks its own link listener, and its names are ours."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from harness.clusters.errors import ClusterError
from harness.clusters.kind.containers import (
    ContainerGoneError,
    ContainerStoppedError,
    Engine,
)
from harness.clusters.kind.kind_cluster import KindCluster
from harness.clusters.kind.node_changes import (
    CERTS_FOLDER,
    HOSTS_FILE,
    NAME_SERVER,
    RESOLV_CONF,
    NodeFile,
    NodeRule,
    marked,
)
from harness.clusters.program_calls import all_of
from harness.process.child import Run
from harness.process.completion import run_to_completion


@dataclass(frozen=True, kw_only=True)
class PathSettings:
    """Where the nodes shall go. Ports by the plan's name of the node; `ca` with TLS (PEM)."""

    registry_name: str
    link_ports: Mapping[str, int]
    resolver_ports: Mapping[str, int]
    ca: str = ""


@asynccontextmanager
async def open_node_path(
    run: Run, cluster: KindCluster, settings: PathSettings
) -> AsyncIterator[None]:
    """Lead the pulls of every node over its own link listener and resolver port.

    Each change is journalled before it is made; all are undone exactly when the block is left. A
    node that died meanwhile needs no undoing. Raises ClusterError.
    """
    paths = [_NodePath(run=run, cluster=cluster, node=node) for node in cluster.nodes]
    try:
        await all_of(path.lay(settings) for path in paths)
        yield
    finally:
        await run_to_completion(_restore(paths))


def hosts_toml(registry_name: str, port: int, *, tls: bool) -> str:
    """One entry only: with a `[host]` table beside `server` containerd would ask both."""
    scheme = "https" if tls else "http"
    lines = [f'server = "{scheme}://{registry_name}:{port}"']
    if tls:
        lines.append(f'ca = "{CERTS_FOLDER}/{registry_name}/ca.crt"')
    return "\n".join((*lines, ""))


def resolv_conf() -> str:
    """No search list, so that each lookup is one name."""
    return f"nameserver {NAME_SERVER}\n"


@dataclass(kw_only=True)
class _NodePath:
    """The changes of one node, and their records in the journal."""

    run: Run
    cluster: KindCluster
    node: str
    _changes: list[tuple[str, NodeFile | NodeRule]] = field(default_factory=list)

    @property
    def engine(self) -> Engine:
        return self.cluster.engine

    @property
    def container(self) -> str:
        return self.cluster.nodes[self.node]

    async def lay(self, settings: PathSettings) -> None:
        await self._require_free()
        name = settings.registry_name
        folder = f"{CERTS_FOLDER}/{name}"
        if settings.ca:
            await self._write(f"{folder}/ca.crt", settings.ca)
        toml = hosts_toml(name, settings.link_ports[self.node], tls=bool(settings.ca))
        await self._write(f"{folder}/hosts.toml", toml)
        if self.container != self.cluster.control_plane:
            await self._keep_control_plane_known()
        for protocol in ("udp", "tcp"):
            await self._redirect(protocol, settings.resolver_ports[self.node])
        await self._write(RESOLV_CONF, resolv_conf())

    async def _require_free(self) -> None:
        """Nobody else's path is under ours, and containerd reads what we write."""
        config = await self.engine.read_file(self.container, "/etc/containerd/config.toml") or b""
        if CERTS_FOLDER.encode() not in config:
            raise ClusterError(
                f"{self.container}: its containerd does not read {CERTS_FOLDER}: use a node image "
                "of kind 0.27 or later, or set config_path in kind-config.yaml"
            )
        now = await self.engine.read_file(self.container, RESOLV_CONF) or b""
        if NAME_SERVER.encode() in now:
            raise ClusterError(
                f"{self.container}: its path was already changed by another run: wait for that, "
                "or run `harness recover` when it was killed"
            )

    async def _keep_control_plane_known(self) -> None:
        """The kubelet asks for it by a name that only the engine's name server knows."""
        plane = self.cluster.control_plane
        script = 'getent ahostsv4 "$1" || true'
        answer = await self.engine.execute(self.container, ("sh", "-c", script, "sh", plane))
        words = answer.decode().split()
        if not words:
            raise ClusterError(f"{self.container}: cannot look up {plane}")
        before = await self.engine.read_file(self.container, HOSTS_FILE) or b""
        ours = marked(self.run.run_id, f"{words[0]}\t{plane}\n")
        await self._replace(HOSTS_FILE, before, before + ours)

    async def _write(self, path: str, text: str) -> None:
        before = await self.engine.read_file(self.container, path)
        await self._replace(path, before, marked(self.run.run_id, text))

    async def _replace(self, path: str, before: bytes | None, content: bytes) -> None:
        file = NodeFile(
            cluster=self.cluster.name, container=self.container, path=path, before=before
        )
        record = self.run.journal.record(file.undo(self.run.run_id, self.engine))
        self._changes.append((record, file))
        await self.engine.write_file(self.container, path, content)

    async def _redirect(self, protocol: str, port: int) -> None:
        rule = NodeRule(
            cluster=self.cluster.name,
            container=self.container,
            protocol=protocol,
            address=self.cluster.gateway_address,
            port=port,
        )
        record = self.run.journal.record(rule.undo(self.run.run_id, self.engine))
        self._changes.append((record, rule))
        await rule.add(self.run.run_id, self.engine)

    async def restore(self) -> None:
        """Undo all that is left, the latest first. Raises ClusterError when something stays."""
        failures: list[ClusterError] = []
        for record, change in reversed(self._changes):
            try:
                await change.undone(self.run.run_id, self.engine)
            except ContainerGoneError:
                pass  # and the change with it
            except ContainerStoppedError as error:
                if not self.cluster.made:  # what was made is deleted whole
                    failures.append(error)
                    continue
            except ClusterError as error:
                failures.append(error)
                continue
            self.run.journal.done(record)
        if failures:
            raise failures[0]


async def _restore(paths: list[_NodePath]) -> None:
    results = await asyncio.gather(*(path.restore() for path in paths), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
