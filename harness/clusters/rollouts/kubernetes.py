"""A Kubernetes cluster as rollouts see it, whoever made it, and what it says of its nodes."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from harness.clusters.rollouts.cluster_api import ClusterApi

HOST_LABEL: Final = "kubernetes.io/hostname"
SHARED_NODE: Final = "cluster"  # the pseudo-node of the one listener that all nodes pull from


@dataclass(frozen=True, kw_only=True)
class KubernetesNode:
    """`reason` why it is not Ready, "" when it is. `runtime` as in `containerd://2.4.2`.

    `images`: names of those that it holds.
    """

    name: str
    reason: str
    labels: Mapping[str, str]
    kubelet: str
    runtime: str
    images: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """Its label `kubernetes.io/hostname`, which pods are bound to a node by."""
        return self.labels.get(HOST_LABEL, self.name)


@dataclass(frozen=True, kw_only=True)
class Kubernetes(ABC):
    """A cluster that rollouts run in: one of kind's, or a user's.

    `nodes`: the name of each Kubernetes node by the plan's name; `hosts`: its label
    `kubernetes.io/hostname`, likewise. `stays`: when the run has ended. `one_listener`: all nodes
    pull from the same one, so that requests do not tell their node.
    """

    one_listener: ClassVar[bool] = False
    name: str
    kubeconfig: Path
    nodes: Mapping[str, str]
    hosts: Mapping[str, str]
    versions: Mapping[str, str]
    stays: bool = True

    @property
    def context(self) -> str:
        """The one of `kubeconfig` that is used."""
        return self.name

    @property
    @abstractmethod
    def registry(self) -> str:
        """How nodes call the registry: a name, or an address with its port."""

    def image(self, reference: str) -> str:
        """An image of the plan as it is written in a pod."""
        return reference

    @abstractmethod
    def namespace_undo(self, run_id: str) -> dict[str, str]:
        """The journal's record of a run's namespace."""

    async def remove_earlier_images(self) -> None:  # noqa: B027  not every cluster does
        """Let no node hold an image of the run: a first pull is cold. Raises ClusterError."""

    async def require_reachable(  # noqa: B027  not every cluster has to
        self, api: ClusterApi, *, with_secret: bool
    ) -> None:
        """Raises ClusterError with what is missing when a node does not reach the registry."""

    @abstractmethod
    async def kubernetes_nodes(self) -> dict[str, KubernetesNode]:
        """What Kubernetes says of them, by their Kubernetes name. Raises ClusterError."""

    async def pull_counts(self) -> dict[str, dict[str, float]]:
        """What each node has counted of its pulls, by the plan's name; {} where nobody may ask."""
        return {}

    @abstractmethod
    async def dead_nodes(self) -> dict[str, str]:
        """Why each node that is dead is, by the plan's name. Raises ClusterError."""

    async def export_logs(self, folder: Path) -> None:  # noqa: B027  not every cluster does
        """Put what the nodes wrote into `folder`, as much as can be had."""


def read_node(node: Mapping[str, Any]) -> KubernetesNode:
    """A node as the API describes it. Raises LookupError, TypeError for anything else."""
    conditions = {it["type"]: it for it in node["status"].get("conditions", ())}
    ready = conditions.get("Ready", {"status": "Unknown", "message": "tells no condition"})
    reason = ""
    if ready["status"] != "True":
        reason = str(ready.get("message") or ready.get("reason") or "NotReady")
    elif any(it["key"] == "node.kubernetes.io/not-ready" for it in node["spec"].get("taints", ())):
        reason = "is still tainted not-ready"
    info = node["status"].get("nodeInfo", {})
    return KubernetesNode(
        name=node["metadata"]["name"],
        reason=reason,
        labels=node["metadata"].get("labels") or {},
        kubelet=info.get("kubeletVersion", ""),
        runtime=info.get("containerRuntimeVersion", ""),
        images=tuple(
            name for image in node["status"].get("images", ()) for name in image.get("names") or ()
        ),
    )
