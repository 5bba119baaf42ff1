"""The cluster seam over a kind cluster: changes in its nodes, each journalled and undone."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal

from harness.clusters.errors import ClusterError
from harness.clusters.guard import run_namespace
from harness.clusters.kind.containers import Engine
from harness.clusters.kind.kind_cluster import KindCluster
from harness.clusters.kind.node_changes import KUBELET_CONFIG, RESTART_KUBELET, NodeChanger
from harness.clusters.kind.node_faults import NodeDisk, NodeDrop, with_pull_limits
from harness.clusters.kind.node_path import PathSettings
from harness.clusters.kind.pull_failures import (
    OF_CREDENTIALS,
    OF_DISK,
    OF_HOSTS,
    OF_PULL_QPS,
    failures,
    since,
    went_on,
)
from harness.environment.scope import FaultScope
from harness.process.child import Run
from harness.process.completion import run_to_completion
from harness.seams import Bites, HostsMistake

_ADMIN: Final = ("kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf")
_WRONG_PASSWORD: Final = "not this one"  # noqa: S105  nobody's
_DEAD_MIRRORS: Final = (HostsMistake.MIRROR_REFUSES, HostsMistake.MIRROR_DROPS)

# The pull secret's manifest with a password; None stands for the right one.
PullSecret = Callable[[str | None], Mapping[str, Any]]
Count = Callable[[], Awaitable[int | None]]


@dataclass(frozen=True, kw_only=True)
class KindNodes:
    """The nodes of a run's cluster. `pull_secret` None: the registry asks for no credentials."""

    run: Run
    cluster: KindCluster
    path: PathSettings
    pull_secret: PullSecret | None = None

    def scoped(self, scope: FaultScope) -> "ScopedKindNodes":
        """The seam for one occurrence of a fault."""
        return ScopedKindNodes(kind=self, scope=scope)


@dataclass(frozen=True, kw_only=True)
class ScopedKindNodes:
    """`seams.Nodes` for one occurrence of one fault. All its verbs raise ClusterError."""

    kind: KindNodes
    scope: FaultScope
    _counts: list[Count] = field(default_factory=list)

    @asynccontextmanager
    async def hosts(self, mistake: HostsMistake, *, share: float = 1.0) -> AsyncIterator[None]:
        """`seams.Nodes.hosts`: requests to a mirror without content are not counted here."""
        path, nodes = self.kind.path, self._nodes(share)
        async with AsyncExitStack() as undo:
            if mistake in _DEAD_MIRRORS:
                await self._count_next_hosts(nodes)
            elif mistake in OF_HOSTS:
                await self._count_failures(OF_HOSTS[mistake], nodes)
            else:
                self._counts.append(_known(None))
            for node in nodes:
                container = self._cluster.container(node)
                if mistake is HostsMistake.MIRROR_DROPS:
                    drop = NodeDrop(cluster=self._cluster.name, container=container)
                    await undo.enter_async_context(self._changer.ruled(drop))
                text = path.hosts_toml(node, mistake)
                toml = self._changer.written(container, f"{path.folder}/hosts.toml", text)
                await undo.enter_async_context(toml)
            yield

    @asynccontextmanager
    async def credentials(
        self, state: Literal["wrong", "missing"], *, share: float = 1.0
    ) -> AsyncIterator[None]:
        """`seams.Nodes.credentials`. A killed run's secret goes with its namespace."""
        secret = self.kind.pull_secret
        if share < 1 or self.scope.where.nodes:
            raise ClusterError("credentials: a secret is its namespace's: no nodes can be chosen")
        if secret is None:
            raise ClusterError("credentials: the registry asks for none, so there is no secret")
        await self._count_failures(OF_CREDENTIALS, tuple(self._cluster.nodes))
        try:
            if state == "wrong":
                await self._apply(secret(_WRONG_PASSWORD))
            else:
                name = secret(None)["metadata"]["name"]
                await self._kubectl("delete", "secret", name, "--ignore-not-found")
            yield
        finally:
            await run_to_completion(self._apply(secret(None)))

    @asynccontextmanager
    async def remove_images(self, *, share: float = 1.0) -> AsyncIterator[None]:
        """`seams.Nodes.remove_images`: every tag of the registry in scope, with its content."""
        registry, repository = self.kind.path.registry_name, self.scope.where.repository or "*"
        removed = sum(
            [
                await self._cluster.remove_images(node, registry, repository)
                for node in self._nodes(share)
            ]
        )
        self._counts.append(_known(removed))
        yield

    @asynccontextmanager
    async def fill_disk(self, *, free_bytes: int, share: float = 1.0) -> AsyncIterator[None]:
        """`seams.Nodes.fill_disk`, by a small disk for containerd's content."""
        nodes = self._nodes(share)
        await self._count_failures(OF_DISK, nodes)
        async with AsyncExitStack() as undo:
            for node in nodes:
                disk = NodeDisk(cluster=self._cluster.name, container=self._cluster.container(node))
                mount = partial(disk.mount, self._run_id, self._engine, free_bytes)
                await undo.enter_async_context(self._changer.made(disk, mount))
            yield

    @asynccontextmanager
    async def pull_qps(self, *, qps: int, burst: int, share: float = 1.0) -> AsyncIterator[None]:
        """`seams.Nodes.pull_qps`. Kubelet restarts twice, which also forgets its back-off."""
        nodes = self._nodes(share)
        await self._count_failures(OF_PULL_QPS, nodes)
        async with AsyncExitStack() as undo:
            for node in nodes:
                container = self._cluster.container(node)
                config = await self._engine.read_file(container, KUBELET_CONFIG)
                if config is None:
                    raise ClusterError(f"{container}: has no {KUBELET_CONFIG}")
                text = with_pull_limits(config.decode(), qps=qps, burst=burst)
                file = self._changer.written(container, KUBELET_CONFIG, text)
                await undo.enter_async_context(file)
                await self._engine.execute(container, RESTART_KUBELET)
            yield

    async def bites(self) -> Bites:
        """What was counted; None when a part of it cannot be counted here."""
        counts = [await count() for count in self._counts]
        known = [count for count in counts if count is not None]
        return Bites(count=sum(known) if len(known) == len(counts) else None)

    @property
    def _cluster(self) -> KindCluster:
        return self.kind.cluster

    @property
    def _changer(self) -> NodeChanger:
        return NodeChanger(run=self.kind.run, cluster=self._cluster)

    @property
    def _engine(self) -> Engine:
        return self.kind.cluster.engine

    @property
    def _run_id(self) -> str:
        return self.kind.run.run_id

    def _nodes(self, share: float) -> tuple[str, ...]:
        """Those in scope, by the plan's names; background clients are none of the cluster's."""
        named = self.scope.where.nodes or tuple(self._cluster.nodes)
        nodes = tuple(node for node in named if node in self._cluster.nodes)
        if not nodes:
            raise ClusterError(f"{self.scope.fault}: where: no node of the cluster is in scope")
        return nodes if share >= 1 else self.scope.chance.pick(share, nodes)

    async def _count_failures(self, pattern: str, nodes: tuple[str, ...]) -> None:
        """Let the bites be what kubelets tell of such failures from now on."""
        names = tuple(self._cluster.container(node) for node in nodes)

        async def seen() -> dict[str, int]:
            events = await self._kubectl("get", "events", "--output", "json")
            return failures(events, pattern, names)

        before = await seen()

        async def count() -> int:
            return since(before, await seen())

        self._counts.append(count)

    async def _count_next_hosts(self, nodes: tuple[str, ...]) -> None:
        """Let the bites be how often containerd gives a mirror up from now on."""
        begun = {node: (await self._cluster.exec(node, ("date", "+%s"))).decode() for node in nodes}

        async def count() -> int:
            log = ("journalctl", "--unit", "containerd", "--output", "cat", "--since")
            logs = [await self._cluster.exec(it, (*log, f"@{begun[it].strip()}")) for it in nodes]
            return sum(went_on(lines) for lines in logs)

        self._counts.append(count)

    async def _apply(self, manifest: Mapping[str, Any]) -> None:
        """The manifest goes by stdin: it holds a secret."""
        await self._kubectl("apply", "--filename", "-", stdin=json.dumps(manifest).encode())

    async def _kubectl(self, *words: str, stdin: bytes | None = None) -> bytes:
        argv = (*_ADMIN, "--namespace", run_namespace(self._run_id), *words)
        return await self._engine.execute(self._cluster.control_plane, argv, stdin=stdin)


def _known(count: int | None) -> Count:
    async def known() -> int | None:
        return count

    return known
