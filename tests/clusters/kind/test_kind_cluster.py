"""What Kubernetes says of its nodes."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from harness.clusters.errors import ClusterError
from harness.clusters.kind.containers import Engine
from harness.clusters.kind.kind_cluster import KindCluster, ask_nodes, ask_system_pods, unready


def node(name: str, ready: dict[str, str] | None, *taints: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": {"harness.run": "a"}},
        "spec": {"taints": [{"key": key} for key in taints]},
        "status": {
            "conditions": [{"type": "Ready", **ready}] if ready else [],
            "nodeInfo": {
                "kubeletVersion": "v1.34.4",
                "containerRuntimeVersion": "containerd://2.4.2",
            },
        },
    }


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (node("n", {"status": "True"}), ""),
        (node("n", {"status": "True"}, "node-role.kubernetes.io/control-plane"), ""),
        (node("n", {"status": "True"}, "node.kubernetes.io/not-ready"), "still tainted"),
        (node("n", {"status": "False", "message": "cni plugin not initialized"}), "cni plugin"),
        (node("n", {"status": "Unknown", "reason": "NodeStatusUnknown"}), "NodeStatusUnknown"),
        (node("n", None), "tells no condition"),
        (node("other", {"status": "True"}), "has not joined"),
    ],
)
def test_why_a_node_is_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], reason: str
) -> None:
    """In Kubernetes' own words, or ours where it has none."""
    says(tmp_path, monkeypatch, json.dumps({"items": [told]}))
    nodes = asyncio.run(ask_nodes(Engine(name="docker"), "plane"))
    waiting = unready(nodes, ["n"])
    assert (reason in waiting["n"]) if reason else (waiting == {})
    [(_, about)] = nodes.items()
    assert (about.kubelet, about.runtime) == ("v1.34.4", "containerd://2.4.2")


def says(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (folder / "answer").write_text(text)
    script = folder / "docker"
    script.write_text(f"#!/bin/sh\ncat {folder}/answer\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def system_pod(owner: str, ready: str, **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "kube-proxy-x", "ownerReferences": [{"kind": owner}]},
        "spec": {"nodeName": "n"},
        "status": {"phase": "Pending", "conditions": [{"type": "Ready", "status": ready}]} | status,
    }


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (system_pod("DaemonSet", "True"), None),
        (system_pod("ReplicaSet", "False"), None),  # CoreDNS may wait for any node
        (system_pod("DaemonSet", "False", conditions=[]), "kube-proxy-x does not run there: Pend"),
        (
            system_pod(
                "DaemonSet",
                "False",
                containerStatuses=[{"state": {"waiting": {"reason": "ContainerCreating"}}}],
            ),
            "does not run there: ContainerCreating",
        ),
    ],
)
def test_why_a_ready_node_cannot_run_pods(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], why: str | None
) -> None:
    """It has not even started those that each node has."""
    says(tmp_path, monkeypatch, json.dumps({"items": [told]}))
    waiting = asyncio.run(ask_system_pods(Engine(name="docker"), "plane"))
    assert (why in waiting["n"]) if why else (waiting == {})


@pytest.mark.parametrize("text", ["", "{}", '{"items": [{}]}', "[]"])
def test_an_answer_that_is_none_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """And no crash."""
    says(tmp_path, monkeypatch, text)
    for ask in (ask_nodes, ask_system_pods):
        with pytest.raises(ClusterError, match="answered otherwise"):
            asyncio.run(ask(Engine(name="docker"), "plane"))


def room(tmp_path: Path) -> KindCluster:
    return KindCluster(
        name="harness-a",
        kubeconfig=tmp_path / "kubeconfig",
        nodes={"node-0": "harness-a-worker"},
        hosts={"node-0": "harness-a-worker"},
        control_plane="harness-a-control-plane",
        gateway_address="172.18.0.1",
        listen_host="172.18.0.1",
        engine=Engine(name="docker"),
        stays=False,
        made=True,
        versions={},
    )


def test_dead_nodes_are_reported_with_their_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the plan's names, and the control plane with them."""
    about = {"State": {"Running": False, "Status": "exited"}, "Config": {}}
    says(tmp_path, monkeypatch, json.dumps([about]))
    assert asyncio.run(room(tmp_path).dead_nodes()) == {
        "node-0": "harness-a-worker: the container is exited",
        "control-plane": "harness-a-control-plane: the container is exited",
    }
    about["State"] = {"Running": True, "Status": "running"}
    says(tmp_path, monkeypatch, json.dumps([about]))
    assert asyncio.run(room(tmp_path).dead_nodes()) == {}


def test_an_unknown_node_is_reported(tmp_path: Path) -> None:
    """With those that are there."""
    with pytest.raises(ClusterError, match="no node 'node-7' in the cluster, which has node-0"):
        room(tmp_path).container("node-7")
    assert room(tmp_path).context == "kind-harness-a"
