"""A user's own cluster: read and given pods, never changed in its nodes.

Its nodes know neither our resolver nor a listener of their own: all of them pull from one address
of this machine, which their containerd must allow.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import psutil

from harness.clusters.errors import ClusterError
from harness.clusters.existing.reachability import require_reachable
from harness.clusters.guard import run_namespace
from harness.clusters.rollouts.cluster_api import ClusterApi
from harness.clusters.rollouts.kubernetes import Kubernetes, KubernetesNode, read_node
from harness.load.orders import REGISTRY_NAME, LoadOrders
from harness.oci.images import ImageSpec

# No scenario makes as many versions of an image.
_VERSIONS_A_RUN: Final = 1_000_000
_NO_PODS: Final = frozenset({"NoSchedule", "NoExecute"})

AskNodes = Callable[[], Awaitable[Sequence[Mapping[str, Any]]]]


@dataclass(frozen=True, kw_only=True)
class ExistingCluster(Kubernetes):
    """A user's cluster for one run; its name is the kube-context.

    Its nodes keep their images, because each run has tags of its own; their metrics and logs are
    not read. `ask`: what Kubernetes says of all nodes now.
    """

    one_listener = True
    run_id: str
    registry_host: str
    registry_port: int
    ask: AskNodes

    @property
    def registry(self) -> str:
        """How its nodes call the registry."""
        return f"{self.registry_host}:{self.registry_port}"

    def image(self, reference: str) -> str:
        """The image of the plan as the nodes pull it."""
        own = own_reference(reference, self.run_id)
        return f"{self.registry}/{own.removeprefix(f'{REGISTRY_NAME}/')}"

    def namespace_undo(self, run_id: str) -> dict[str, str]:
        """The journal's record of the run's namespace. It says nothing of how to get in."""
        return {
            "kind": "delete_existing_namespace",
            "run_id": run_id,
            "context": self.context,
            "namespace": run_namespace(run_id),
        }

    async def kubernetes_nodes(self) -> dict[str, KubernetesNode]:
        """What Kubernetes says of those that the run uses. Raises ClusterError."""
        used = set(self.nodes.values())
        nodes = map(read_node, await self.ask())
        return {node.name: node for node in nodes if node.name in used}

    async def require_reachable(self, api: ClusterApi, *, with_secret: bool) -> None:
        """Let every node ask the registry. Raises ClusterError with what is missing."""
        await require_reachable(api, self.run_id, self, with_secret=with_secret)

    async def dead_nodes(self) -> dict[str, str]:
        """Why each node that takes no pods any more does not, by the plan's name.

        Nobody is dead because the API did not answer once.
        """
        try:
            known = await self.kubernetes_nodes()
        except ClusterError:
            return {}
        reasons = {node.name: node.reason for node in known.values()}
        return {
            node: f"{name}: {reason}"
            for node, name in self.nodes.items()
            if (reason := reasons.get(name, "is no node of the cluster any more"))
        }


def choose_nodes(items: Iterable[Mapping[str, Any]], wanted: int) -> tuple[KubernetesNode, ...]:
    """The first `wanted` nodes by name that take pods, of what the API lists.

    Raises ClusterError.
    """
    found, reasons = [], []
    for item in sorted(items, key=lambda it: it["metadata"]["name"]):
        node = read_node(item)
        if reason := _refuses_pods(item) or node.reason:
            reasons.append(f"{node.name}: {reason}")
            continue
        found.append(node)
    if len(found) < wanted:
        others = f" ({'; '.join(reasons)})" if reasons else ""
        raise ClusterError(
            f"cluster: {len(found)} nodes take pods, and the plan has {wanted}{others}: "
            f"lower environment.cluster.nodes"
        )
    return tuple(found[:wanted])


def _refuses_pods(item: Mapping[str, Any]) -> str:
    spec = item.get("spec") or {}
    if spec.get("unschedulable"):
        return "is cordoned"
    taints = [it for it in spec.get("taints") or () if it.get("effect") in _NO_PODS]
    return f"has the taint {taints[0].get('key')}" if taints else ""


def require_own_address(host: str) -> str:
    """Raises ClusterError unless `host` is an address of this machine."""
    own = [it.address for of in psutil.net_if_addrs().values() for it in of]
    if host not in own:
        raise ClusterError(
            f"environment.cluster.registry_host: {host} is no address of this machine"
        )
    return host


def own_reference(reference: str, run_id: str) -> str:
    """`reference` with a tag that only this run has: nodes keep images that we cannot remove."""
    name, _, version = reference.rpartition(":v")
    return f"{name}:v{_own_version(int(version), run_id)}"


def own_images(specs: Iterable[ImageSpec], run_id: str) -> tuple[ImageSpec, ...]:
    """The same images with versions, and so content, that no node has from an earlier run."""
    return tuple(replace(it, version=_own_version(it.version, run_id)) for it in specs)


def own_pulls(orders: LoadOrders, run_id: str) -> LoadOrders:
    """Background pulls of this run's own images."""
    pulls = tuple(replace(it, image=own_reference(it.image, run_id)) for it in orders.pulls)
    return replace(orders, pulls=pulls)


def _own_version(version: int, run_id: str) -> int:
    """`run_id` is a number in base 16."""
    return int(run_id, 16) * _VERSIONS_A_RUN + version
