"""Which nodes of a user's cluster take pods, and how the run's images are called there."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.clusters.errors import ClusterError
from harness.clusters.existing.existing_cluster import (
    ExistingCluster,
    choose_nodes,
    own_images,
    own_reference,
    require_own_address,
)
from harness.oci.images import ImageSpec


def node(name: str, *, ready: str = "True", **spec: Any) -> dict[str, Any]:
    """A node as the API describes it."""
    condition = {"type": "Ready", "status": ready, "message": "kubelet stopped"}
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": f"{name}.host"}},
        "spec": spec,
        "status": {
            "conditions": [condition],
            "nodeInfo": {
                "kubeletVersion": "v1.34.0",
                "containerRuntimeVersion": "containerd://2.1.4",
            },
        },
    }


def taint(effect: str) -> dict[str, Any]:
    return {"taints": [{"key": "team", "effect": effect}]}


def test_nodes_go_by_name_and_only_those_that_take_pods() -> None:
    """A taint that only prefers keeps nobody away."""
    chosen = choose_nodes(
        [
            node("c"),
            node("control", **taint("NoSchedule")),
            node("b", **taint("PreferNoSchedule")),
            node("a"),
        ],
        2,
    )
    assert [(it.name, it.host) for it in chosen] == [("a", "a.host"), ("b", "b.host")]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (node("x", ready="Unknown"), "x: kubelet stopped"),
        (node("x", unschedulable=True), "x: is cordoned"),
        (node("x", **taint("NoSchedule")), "x: has the taint team"),
        (node("x", **taint("NoExecute")), "x: has the taint team"),
    ],
)
def test_too_few_nodes_are_refused_with_the_reason(broken: dict[str, Any], reason: str) -> None:
    """One sentence that says what to lower."""
    with pytest.raises(ClusterError, match=f"1 nodes take pods, and the plan has 2 .{reason}"):
        choose_nodes([node("a"), broken], 2)


def test_only_an_address_of_this_machine_is_listened_on() -> None:
    """The wildcard would show the registry to everybody."""
    assert require_own_address("127.0.0.1") == "127.0.0.1"
    for host in ("0.0.0.0", "192.0.2.1", "localhost"):  # noqa: S104  it is refused
        with pytest.raises(ClusterError, match="is no address of this machine"):
            require_own_address(host)


def test_images_are_new_for_each_run() -> None:
    """Tags and content: nodes keep what an earlier run brought. What is ordered is what is made."""
    spec = ImageSpec(name="team/app", version=2, size_bytes=1 << 20)
    [first], [second] = own_images([spec], "00000a"), own_images([spec], "00000b")
    assert first.tag != second.tag
    reference = own_reference("registry.harness.test/team/app:v2", "00000a")
    assert reference == f"registry.harness.test/team/app:{first.tag}"


def room(answer: Sequence[Mapping[str, Any]] | None) -> ExistingCluster:
    async def ask() -> Sequence[Mapping[str, Any]]:
        if answer is None:
            raise ClusterError("nodes: the Kubernetes API cannot be reached")
        return answer

    return ExistingCluster(
        run_id="00000a",
        kubeconfig=Path("config"),
        name="prod",
        nodes={"node-0": "a", "node-1": "b"},
        hosts={"node-0": "a.host", "node-1": "b.host"},
        registry_host="192.0.2.7",
        registry_port=5000,
        versions={},
        ask=ask,
    )


def test_pods_name_the_address_that_nodes_reach() -> None:
    """They cannot resolve the harness's names."""
    image = room([]).image("registry.harness.test/team/app:v1")
    assert image == "192.0.2.7:5000/team/app:v10000001"
    assert "kubeconfig" not in room([]).namespace_undo("00000a")


@pytest.mark.parametrize(
    ("answer", "dead"),
    [
        ([node("a"), node("b")], {}),
        ([node("a"), node("b", ready="False")], {"node-1": "b: kubelet stopped"}),
        ([node("a")], {"node-1": "b: is no node of the cluster any more"}),
        (None, {}),
    ],
)
def test_a_node_that_dies_is_reported_and_a_silent_api_is_not(
    answer: Sequence[Mapping[str, Any]] | None, dead: dict[str, str]
) -> None:
    """The way to a cluster far away may be lost for a moment."""
    assert asyncio.run(room(answer).dead_nodes()) == dead
