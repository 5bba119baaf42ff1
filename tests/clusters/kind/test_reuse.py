"""A kept cluster is used again only when the harness made it, as it is wanted now, and it works."""

from dataclasses import replace

import pytest

from harness.clusters.errors import ClusterError
from harness.clusters.guard import RUN_LABEL, ClusterRefused
from harness.clusters.kind.kind_config import SETTINGS_LABEL, settings_label
from harness.clusters.kind.reuse import require_reusable
from harness.clusters.rollouts.kubernetes import KubernetesNode
from harness.node.settings import NodeSettings

SETTINGS = NodeSettings()
NODE = KubernetesNode(
    name="kept-worker",
    reason="",
    labels={RUN_LABEL: "abc123", SETTINGS_LABEL: settings_label(SETTINGS)},
    kubelet="v1.34.4",
    runtime="containerd://2.2.1",
)


def refusal(node: KubernetesNode, settings: NodeSettings = SETTINGS) -> ClusterError:
    """Why a cluster of a good node and this one is refused."""
    with pytest.raises(ClusterError) as refused:
        require_reusable("kept", {"kept-control-plane": NODE, node.name: node}, settings)
    return refused.value


def test_the_harness_s_own_cluster_is_used_again() -> None:
    """Made with the same settings, and every node Ready."""
    require_reusable("kept", {NODE.name: NODE}, SETTINGS)


def test_a_cluster_of_others_is_refused() -> None:
    """One node without the harness's label is enough."""
    refused = refusal(replace(NODE, labels={}))
    assert isinstance(refused, ClusterRefused)
    assert "kept was not made by the harness" in str(refused)


def test_other_settings_are_refused() -> None:
    """Of kubelet, wanted now or had then."""
    assert "other settings" in str(refusal(NODE, replace(SETTINGS, registry_burst=11)))
    labels = {**NODE.labels, SETTINGS_LABEL: "older"}
    assert "other settings" in str(refusal(replace(NODE, labels=labels)))


def test_a_node_that_is_not_ready_is_named() -> None:
    """With Kubernetes' own reason."""
    assert "kept-worker: not Ready: KubeletNotReady" in str(
        refusal(replace(NODE, reason="KubeletNotReady"))
    )
