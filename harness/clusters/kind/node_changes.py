"""Changes inside a node of a cluster, and their exact undoing: files, and rules of its firewall.

Every file that is written carries the run's mark, so that it is put back once, and never over what
another run wrote later.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, Final

from harness.clusters.errors import ClusterError
from harness.clusters.kind.containers import CommandFailed, Engine

CERTS_FOLDER: Final = "/etc/containerd/certs.d"
RESOLV_CONF: Final = "/etc/resolv.conf"
HOSTS_FILE: Final = "/etc/hosts"
KUBELET_CONFIG: Final = "/var/lib/kubelet/config.yaml"
RESTART_KUBELET: Final = ("systemctl", "restart", "kubelet")  # it reads its file when it starts
# What the node's resolv.conf names; a rule in the node sends it on to our resolver. Nobody has this
# address (RFC 5737), so that others who ask the node's usual name server go on to do so.
NAME_SERVER: Final = "192.0.2.53"
_CERTS: Final = re.compile(re.escape(CERTS_FOLDER) + r"/[A-Za-z0-9.:_-]+/(hosts\.toml|ca\.crt)")
_WAIT_S: Final = "5"  # for others who are changing rules, as kube-proxy does
_PORTS: Final = 65535


def run_mark(run_id: str) -> str:
    """The comment that every file of the run begins with and every rule of it bears."""
    return f"harness run {run_id}"


def marked(run_id: str, text: str) -> bytes:
    return f"# {run_mark(run_id)}\n{text}".encode()


@dataclass(frozen=True, kw_only=True)
class NodeFile:
    """A file of a node as it was. `before` None: it was not there."""

    cluster: str
    container: str
    path: str
    before: bytes | None

    def undo(self, run_id: str, engine: Engine) -> dict[str, Any]:
        return {
            "kind": "restore_node_file",
            "run_id": run_id,
            "engine": engine.name,
            "cluster": self.cluster,
            "node": self.container,
            "path": self.path,
            "hex": None if self.before is None else self.before.hex(),
        }

    async def undone(self, run_id: str, engine: Engine) -> bool:
        """Put it back; False when it is not the run's any more. Raises EngineError."""
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
class NodeRule:
    """Sends what the node asks NAME_SERVER to a port of the harness."""

    cluster: str
    container: str
    protocol: str  # udp, tcp
    address: str
    port: int

    def undo(self, run_id: str, engine: Engine) -> dict[str, Any]:
        return {
            "kind": "remove_node_rule",
            "run_id": run_id,
            "engine": engine.name,
            "cluster": self.cluster,
            "node": self.container,
            "protocol": self.protocol,
            "address": self.address,
            "port": self.port,
        }

    async def add(self, run_id: str, engine: Engine) -> None:
        """Before all others. Raises EngineError."""
        await engine.execute(self.container, self._argv("-I", run_id))

    async def undone(self, run_id: str, engine: Engine) -> bool:
        """Take it away; False when it is not there. Raises EngineError."""
        return await rule_taken_away(engine, self.container, lambda act: self._argv(act, run_id))

    def _argv(self, action: str, run_id: str) -> tuple[str, ...]:
        return (
            *("iptables", "-w", _WAIT_S, "-t", "nat", action, "OUTPUT"),
            *("-d", f"{NAME_SERVER}/32", "-p", self.protocol, "-m", self.protocol),
            *("--dport", "53", "-m", "comment", "--comment", run_mark(run_id)),
            *("-j", "DNAT", "--to-destination", f"{self.address}:{self.port}"),
        )


async def rule_taken_away(
    engine: Engine, container: str, argv_to: Callable[[str], tuple[str, ...]]
) -> bool:
    """Delete the rule that `argv_to("-D")` deletes; False when it is not there."""
    try:
        await engine.execute(container, argv_to("-C"))
    except CommandFailed:
        return False
    await engine.execute(container, argv_to("-D"))
    return True


def read_file_undo(undo: Mapping[str, Any]) -> NodeFile:
    """The change of a journal's record. Raises ClusterError when it is another run's, KeyError."""
    path, before = undo["path"], undo["hex"]
    known = path in (RESOLV_CONF, HOSTS_FILE, KUBELET_CONFIG) or _CERTS.fullmatch(str(path))
    if not known or ".." in path:
        raise ClusterError(f"path: one that the harness changes in a node, got {path!r}")
    return NodeFile(
        cluster=str(undo["cluster"]),
        container=str(undo["node"]),
        path=path,
        before=None if before is None else bytes.fromhex(before),
    )


def read_rule_undo(undo: Mapping[str, Any]) -> NodeRule:
    """The change of a journal's record. Raises ClusterError when it is another run's, KeyError."""
    protocol, port = undo["protocol"], undo["port"]
    if protocol not in ("udp", "tcp"):
        raise ClusterError(f"protocol: udp or tcp, got {protocol!r}")
    if not isinstance(port, int) or not 0 < port <= _PORTS:
        raise ClusterError(f"port: 1 to {_PORTS}, got {port!r}")
    return NodeRule(
        cluster=str(undo["cluster"]),
        container=str(undo["node"]),
        protocol=protocol,
        address=str(IPv4Address(undo["address"])),
        port=port,
    )
