"""Changes inside a node of a cluster, and their exact undoing: files, and rules of its firewall.

Every file that is written carries the run's mark, so that it is put back once, and never over what
another run wrote later.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from typing import Any, ClassVar, Final, Self

from harness.clusters.errors import ClusterError
from harness.clusters.kind.containers import (
    CommandFailed,
    ContainerGoneError,
    ContainerStoppedError,
    Engine,
)
from harness.clusters.kind.kind_cluster import KindCluster
from harness.process.child import Run
from harness.process.completion import run_to_completion

CERTS_FOLDER: Final = "/etc/containerd/certs.d"
RESOLV_CONF: Final = "/etc/resolv.conf"
HOSTS_FILE: Final = "/etc/hosts"
KUBELET_CONFIG: Final = "/var/lib/kubelet/config.yaml"
RESTART_KUBELET: Final = ("systemctl", "restart", "kubelet")  # it reads its file when it starts
# What the node's resolv.conf names; a rule in the node sends it on to our resolver. Nobody has this
# address (RFC 5737), so that others who ask the node's usual name server go on to do so.
NAME_SERVER: Final = "192.0.2.53"
_CERTS: Final = re.compile(re.escape(CERTS_FOLDER) + r"/[A-Za-z0-9.:_-]+/(hosts\.toml|ca\.crt)")
IPTABLES_WAIT_S: Final = "5"  # for others who are changing rules, as kube-proxy does
_PORTS: Final = 65535


def run_mark(run_id: str) -> str:
    """The comment that every file of the run begins with and every rule of it bears."""
    return f"harness run {run_id}"


def marked(run_id: str, text: str) -> bytes:
    return f"# {run_mark(run_id)}\n{text}".encode()


@dataclass(frozen=True, kw_only=True)
class NodeChange(ABC):
    """One change in a node, as the journal records it and as it is undone."""

    kind: ClassVar[str]
    undone_words: ClassVar[tuple[str, str]] = ("removed", "was gone already")
    cluster: str
    container: str

    @classmethod
    def read(cls, undo: Mapping[str, Any]) -> Self:
        """The change of a record in the journal. Raises ClusterError when it is no such change."""
        place = {"cluster": str(undo["cluster"]), "container": str(undo["node"])}
        return cls(**place, **cls.details_in(undo))

    @classmethod
    def details_in(cls, undo: Mapping[str, Any]) -> dict[str, Any]:
        """What a change of this kind says beside its place. Raises ClusterError."""
        del undo
        return {}

    def undo(self, run_id: str, engine: Engine) -> dict[str, Any]:
        """The record that the journal keeps of it."""
        return {
            "kind": self.kind,
            "run_id": run_id,
            "engine": engine.name,
            "cluster": self.cluster,
            "node": self.container,
            **self.details(),
        }

    def details(self) -> dict[str, Any]:
        """The same as data of JSON."""
        return {}

    @property
    @abstractmethod
    def about(self) -> str:
        """What is changed, for messages."""

    @abstractmethod
    async def undone(self, run_id: str, engine: Engine) -> bool:
        """Undo it; False when it is not there, or not the run's any more. Raises EngineError."""


@dataclass(frozen=True, kw_only=True)
class NodeFile(NodeChange):
    """A file of a node as it was. `before` None: it was not there."""

    kind = "restore_node_file"
    undone_words = ("put back", "was as before already")
    path: str
    before: bytes | None

    @classmethod
    def details_in(cls, undo: Mapping[str, Any]) -> dict[str, Any]:
        """Only a path that the harness changes: a journal cannot name another."""
        path, before = undo["path"], undo["hex"]
        known = path in (RESOLV_CONF, HOSTS_FILE, KUBELET_CONFIG) or _CERTS.fullmatch(str(path))
        if not known or ".." in path:
            raise ClusterError(f"path: one that the harness changes in a node, got {path!r}")
        return {"path": path, "before": None if before is None else bytes.fromhex(before)}

    def details(self) -> dict[str, Any]:
        return {"path": self.path, "hex": None if self.before is None else self.before.hex()}

    @property
    def about(self) -> str:
        return self.path

    async def undone(self, run_id: str, engine: Engine) -> bool:
        now = await engine.read_file(self.container, self.path)
        if now is None or f"# {run_mark(run_id)}\n".encode() not in now:
            return False
        if self.before is not None:
            await engine.write_file(self.container, self.path, self.before)
            if self.path == KUBELET_CONFIG:
                await engine.execute(self.container, RESTART_KUBELET)
            return True
        # The folder goes too when this was all that it held.
        script = 'rm -f "$1"; rmdir "$(dirname "$1")" 2>/dev/null || true'
        await engine.execute(self.container, ("sh", "-c", script, "sh", self.path))
        return True


@dataclass(frozen=True, kw_only=True)
class FirewallRule(NodeChange):
    """A rule of iptables in a node; it carries the run's mark."""

    async def add(self, run_id: str, engine: Engine) -> None:
        """Raises EngineError."""
        await engine.execute(self.container, self._argv("-I", run_id))

    async def undone(self, run_id: str, engine: Engine) -> bool:
        try:
            await engine.execute(self.container, self._argv("-C", run_id))
        except CommandFailed:
            return False
        await engine.execute(self.container, self._argv("-D", run_id))
        return True

    @abstractmethod
    def _argv(self, action: str, run_id: str) -> tuple[str, ...]:
        """The whole command; `action` is -I, -C or -D."""


@dataclass(frozen=True, kw_only=True)
class NodeRule(FirewallRule):
    """Sends what the node asks NAME_SERVER to a port of the harness."""

    kind = "remove_node_rule"
    protocol: str  # udp, tcp
    address: str
    port: int

    @classmethod
    def details_in(cls, undo: Mapping[str, Any]) -> dict[str, Any]:
        protocol, port = undo["protocol"], undo["port"]
        if protocol not in ("udp", "tcp"):
            raise ClusterError(f"protocol: udp or tcp, got {protocol!r}")
        if not isinstance(port, int) or not 0 < port <= _PORTS:
            raise ClusterError(f"port: 1 to {_PORTS}, got {port!r}")
        address = str(IPv4Address(undo["address"]))
        return {"protocol": protocol, "address": address, "port": port}

    def details(self) -> dict[str, Any]:
        return {"protocol": self.protocol, "address": self.address, "port": self.port}

    @property
    def about(self) -> str:
        return f"rule for {self.protocol} to {self.address}:{self.port}"

    def _argv(self, action: str, run_id: str) -> tuple[str, ...]:
        return (
            *("iptables", "-w", IPTABLES_WAIT_S, "-t", "nat", action, "OUTPUT"),
            *("-d", f"{NAME_SERVER}/32", "-p", self.protocol, "-m", self.protocol),
            *("--dport", "53", "-m", "comment", "--comment", run_mark(run_id)),
            *("-j", "DNAT", "--to-destination", f"{self.address}:{self.port}"),
        )


@dataclass(frozen=True, kw_only=True)
class NodeChanger:
    """Changes the nodes of a cluster for one run: what is changed is in the journal before."""

    run: Run
    cluster: KindCluster

    @property
    def engine(self) -> Engine:
        return self.cluster.engine

    @asynccontextmanager
    async def made(
        self, change: NodeChange, make: Callable[[], Awaitable[None]]
    ) -> AsyncIterator[None]:
        """The change that `make` makes, until the block is left. Raises ClusterError.

        A node that died meanwhile needs no undoing.
        """
        record = self.run.journal.record(change.undo(self.run.run_id, self.engine))
        try:
            await make()
            yield
        finally:
            await run_to_completion(self._undo(record, change))

    @asynccontextmanager
    async def ruled(self, rule: FirewallRule) -> AsyncIterator[None]:
        """The rule, before all others, until the block is left. Raises ClusterError."""
        async with self.made(rule, partial(rule.add, self.run.run_id, self.engine)):
            yield

    @asynccontextmanager
    async def written(
        self, container: str, path: str, text: str, *, appended: bool = False
    ) -> AsyncIterator[None]:
        """A file of a node with this text under the run's mark, until the block is left.

        `appended`: behind what the file has. Raises ClusterError.
        """
        before = await self.engine.read_file(container, path)
        file = NodeFile(cluster=self.cluster.name, container=container, path=path, before=before)
        content = ((before or b"") if appended else b"") + marked(self.run.run_id, text)
        async with self.made(file, partial(self.engine.write_file, container, path, content)):
            yield

    async def _undo(self, record: str, change: NodeChange) -> None:
        try:
            await change.undone(self.run.run_id, self.engine)
        except ContainerGoneError:
            pass  # and the change with it
        except ContainerStoppedError:
            if not self.cluster.made:  # what was made is deleted whole
                raise
        self.run.journal.done(record)
