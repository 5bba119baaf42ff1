"""Undoes what a killed run left in clusters, by its journal: only what bears the run's own mark."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from harness.clusters.errors import ClusterError
from harness.clusters.guard import (
    CLUSTER_PREFIX,
    require_own_namespace,
    run_name,
)
from harness.clusters.kind.containers import ENGINES, ContainerGoneError, Engine
from harness.clusters.kind.deletion import CLUSTER_LABEL, delete_cluster
from harness.clusters.kind.node_changes import read_file_undo, read_rule_undo
from harness.clusters.kind.node_faults import (
    NodeDisk,
    NodeDrop,
    read_disk_undo,
    read_drop_undo,
)
from harness.node.hosts import NOBODY

_KUBECTL_S: Final = 90.0


def delete_kind_cluster(folder: Path, undo: Mapping[str, Any]) -> str:
    """Delete the cluster that the run of `folder` made. Raises ClusterError, KeyError."""
    run_id, engine = _run_id(folder, undo), _engine(undo)
    name = undo["name"]
    if name != run_name(run_id):
        raise ClusterError(f"name: {run_name(run_id)}, which is the run's, got {name!r}")
    removed = asyncio.run(delete_cluster(engine, name, settle=True))
    (folder / "kubeconfig").unlink(missing_ok=True)
    return f"cluster {name}: deleted" if removed else f"cluster {name}: was gone already"


def restore_node_file(folder: Path, undo: Mapping[str, Any]) -> str:
    """Put a file of a node back as it was. Raises ClusterError, KeyError, ValueError."""
    run_id, engine = _run_id(folder, undo), _engine(undo)
    file = read_file_undo(undo)
    try:
        asyncio.run(_require_node(engine, file.cluster, file.container))
        restored = asyncio.run(file.undone(run_id, engine))
    except ContainerGoneError:
        return f"{file.container}: {file.path}: is gone with its node"
    how = "put back" if restored else "was as before already"
    return f"{file.container}: {file.path}: {how}"


def remove_node_rule(folder: Path, undo: Mapping[str, Any]) -> str:
    """Take a rule out of a node's firewall. Raises ClusterError, KeyError, ValueError."""
    run_id, engine = _run_id(folder, undo), _engine(undo)
    rule = read_rule_undo(undo)
    what = f"{rule.container}: rule for {rule.protocol} to {rule.address}:{rule.port}"
    try:
        asyncio.run(_require_node(engine, rule.cluster, rule.container))
        removed = asyncio.run(rule.undone(run_id, engine))
    except ContainerGoneError:
        return f"{what}: is gone with its node"
    return f"{what}: removed" if removed else f"{what}: was gone already"


def remove_node_drop(folder: Path, undo: Mapping[str, Any]) -> str:
    """Let what a node sends pass again. Raises ClusterError, KeyError."""
    drop = read_drop_undo(undo)
    return _undone(folder, undo, drop, f"{drop.container}: rule that drops what goes to {NOBODY}")


def unmount_node_disk(folder: Path, undo: Mapping[str, Any]) -> str:
    """Give a node's containerd its own disk back. Raises ClusterError, KeyError."""
    disk = read_disk_undo(undo)
    return _undone(folder, undo, disk, f"{disk.container}: small disk for images")


def _undone(folder: Path, undo: Mapping[str, Any], change: NodeDrop | NodeDisk, what: str) -> str:
    run_id, engine = _run_id(folder, undo), _engine(undo)
    try:
        asyncio.run(_require_node(engine, change.cluster, change.container))
        removed = asyncio.run(change.undone(run_id, engine))
    except ContainerGoneError:
        return f"{what}: is gone with its node"
    return f"{what}: removed" if removed else f"{what}: was gone already"


def delete_namespace(folder: Path, undo: Mapping[str, Any]) -> str:
    """Delete the run's own namespace. Raises ClusterError, KeyError."""
    run_id, engine, name = _run_id(folder, undo), _engine(undo), undo["namespace"]
    plane = undo["control_plane"]
    kubectl = ("kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf")
    get = (*kubectl, "get", "namespace", name, "--ignore-not-found", "--output", "json")
    try:
        asyncio.run(_require_node(engine, undo["cluster"], plane))
        found = asyncio.run(engine.execute(plane, get, timeout_s=_KUBECTL_S))
        if not found.strip():
            return f"namespace {name}: was gone already"
        require_own_namespace(name, json.loads(found)["metadata"].get("labels"), run_id)
        delete = (*kubectl, "delete", "namespace", name)
        asyncio.run(engine.execute(plane, delete, timeout_s=_KUBECTL_S))
    except ContainerGoneError:
        return f"namespace {name}: is gone with its cluster"
    return f"namespace {name}: deleted"


def _run_id(folder: Path, undo: Mapping[str, Any]) -> str:
    run_id = undo["run_id"]
    if not isinstance(run_id, str) or not run_id or not folder.name.endswith(f"-{run_id}"):
        raise ClusterError(f"run_id: the one in the folder's name {folder.name}, got {run_id!r}")
    return run_id


def _engine(undo: Mapping[str, Any]) -> Engine:
    name = undo["engine"]
    if name not in ENGINES:
        raise ClusterError(f"engine: one of {', '.join(ENGINES)}, got {name!r}")
    return Engine(name=name)


async def _require_node(engine: Engine, cluster: str, container: str) -> None:
    """A node of a cluster that the harness made, and no other container of this machine."""
    if not cluster.startswith(CLUSTER_PREFIX):
        raise ClusterError(f"cluster: one of the harness's, got {cluster!r}")
    state = await engine.state(container)
    if state.labels.get(CLUSTER_LABEL) != cluster:
        raise ClusterError(f"node: one of the cluster {cluster}, got {container!r}")
