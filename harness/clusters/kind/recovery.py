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
from harness.clusters.kind.node_changes import NodeChange, NodeFile, NodeRule
from harness.clusters.kind.node_faults import NodeDisk, NodeDrop
from harness.process.journal import own_run_id

_KUBECTL_S: Final = 90.0
NODE_CHANGES: Final = (NodeFile, NodeRule, NodeDrop, NodeDisk)


def delete_kind_cluster(folder: Path, undo: Mapping[str, Any]) -> str:
    """Delete the cluster that the run of `folder` made. Raises ClusterError, KeyError."""
    run_id, engine = own_run_id(folder, undo), _engine(undo)
    name = undo["name"]
    if name != run_name(run_id):
        raise ClusterError(f"name: {run_name(run_id)}, which is the run's, got {name!r}")
    removed = asyncio.run(delete_cluster(engine, name, settle=True))
    (folder / "kubeconfig").unlink(missing_ok=True)
    return f"cluster {name}: deleted" if removed else f"cluster {name}: was gone already"


def undo_node_change(folder: Path, undo: Mapping[str, Any], change: type[NodeChange]) -> str:
    """Undo a change in a node. Raises ClusterError, KeyError, ValueError."""
    run_id, engine = own_run_id(folder, undo), _engine(undo)
    found = change.read(undo)
    what = f"{found.container}: {found.about}"
    try:
        asyncio.run(_require_node(engine, found.cluster, found.container))
        undone = asyncio.run(found.undone(run_id, engine))
    except ContainerGoneError:
        return f"{what}: is gone with its node"
    return f"{what}: {found.undone_words[0 if undone else 1]}"


def delete_namespace(folder: Path, undo: Mapping[str, Any]) -> str:
    """Delete the run's own namespace. Raises ClusterError, KeyError."""
    run_id, engine, name = own_run_id(folder, undo), _engine(undo), undo["namespace"]
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
