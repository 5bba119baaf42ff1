"""Which kept cluster may be used once more."""

from collections.abc import Mapping

from harness.clusters.errors import ClusterError
from harness.clusters.guard import RUN_LABEL, ClusterRefused
from harness.clusters.kind.kind_cluster import unready
from harness.clusters.kind.kind_config import SETTINGS_LABEL, settings_label
from harness.clusters.rollouts.kubernetes import KubernetesNode
from harness.node.settings import NodeSettings


def require_reusable(
    name: str, nodes: Mapping[str, KubernetesNode], settings: NodeSettings
) -> None:
    """The harness made it, with these `settings`, and all its `nodes` are Ready.

    Raises ClusterRefused for a cluster of others, ClusterError for one that is unfit.
    """
    if any(RUN_LABEL not in node.labels for node in nodes.values()):
        raise ClusterRefused(
            f"--reuse: the cluster {name} was not made by the harness: its nodes lack the label "
            f"{RUN_LABEL}"
        )
    wanted = settings_label(settings)
    if any(node.labels.get(SETTINGS_LABEL) != wanted for node in nodes.values()):
        raise ClusterError(
            f"--reuse: the cluster {name} was made with other settings of kubelet or containerd"
        )
    if waiting := unready(nodes, nodes):
        node, reason = next(iter(waiting.items()))
        raise ClusterError(f"--reuse: {node}: not Ready: {reason}")
