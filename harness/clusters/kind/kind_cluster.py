"""A running cluster as the rest of the harness sees it: nodes by the plan's names."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from harness.clusters.errors import ClusterError
from harness.clusters.guard import run_namespace
from harness.clusters.kind.containers import ContainerGoneError, Engine
from harness.clusters.kind.kind_cli import KindCli
from harness.load.orders import REGISTRY_NAME

_ADMIN: Final = "/etc/kubernetes/admin.conf"
_KUBECTL_S: Final = 15.0
_Told = TypeVar("_Told")


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


class Room(Protocol):
    """A cluster that rollouts run in: one of kind's, or a user's.

    `nodes`: the name of each Kubernetes node by the plan's name. `stays`: when the run has ended.
    `one_listener`: all nodes pull from the same one, so that requests do not tell their node.
    """

    @property
    def name(self) -> str: ...
    @property
    def kubeconfig(self) -> Path: ...
    @property
    def context(self) -> str: ...
    @property
    def nodes(self) -> Mapping[str, str]: ...
    @property
    def hosts(self) -> Mapping[str, str]:
        """The label kubernetes.io/hostname of each node, by the plan's name."""
        ...

    @property
    def stays(self) -> bool: ...
    @property
    def one_listener(self) -> bool: ...
    @property
    def registry(self) -> str:
        """How nodes call the registry: a name, or an address with its port."""
        ...

    def image(self, reference: str) -> str:
        """An image of the plan as it is written in a pod."""
        ...

    def namespace_undo(self, run_id: str) -> dict[str, str]:
        """The journal's record of a run's namespace."""
        ...

    async def kubernetes_nodes(self) -> dict[str, KubernetesNode]:
        """What Kubernetes says of them, by their Kubernetes name. Raises ClusterError."""
        ...

    async def dead_nodes(self) -> dict[str, str]:
        """Why each node that is dead is, by the plan's name. Raises ClusterError."""
        ...

    async def export_logs(self, folder: Path) -> None:
        """Put what the nodes wrote into `folder`, as much as can be had."""
        ...


@dataclass(frozen=True, kw_only=True)
class KindCluster:
    """An open cluster of kind's.

    `nodes`: the name of each Kubernetes node, which is its container's too, by the plan's name
    (`node-0`). `gateway_address`: where nodes reach this machine; `listen_host`: where services
    listen for them (the same, unless the engine lives in a machine of its own). `made`: by this
    run. `stays`: when the run has ended. `versions`: kind, kubernetes, containerd.
    """

    name: str
    kubeconfig: Path
    nodes: Mapping[str, str]
    control_plane: str
    gateway_address: str
    listen_host: str
    engine: Engine
    made: bool
    stays: bool
    versions: Mapping[str, str]
    cli: KindCli | None = None

    one_listener = False
    registry = REGISTRY_NAME

    @property
    def hosts(self) -> Mapping[str, str]:
        """Kind's nodes are called as their hosts."""
        return self.nodes

    def image(self, reference: str) -> str:
        """Nodes call the registry by the plan's name."""
        return reference

    def namespace_undo(self, run_id: str) -> dict[str, str]:
        """The journal's record of a run's namespace in a cluster that stays."""
        return {
            "kind": "delete_namespace",
            "run_id": run_id,
            "cluster": self.name,
            "control_plane": self.control_plane,
            "engine": self.engine.name,
            "namespace": run_namespace(run_id),
        }

    @property
    def context(self) -> str:
        """The only context of `kubeconfig`."""
        return f"kind-{self.name}"

    def container(self, node: str) -> str:
        """The container of a node by the plan's name. Raises ClusterError."""
        try:
            return self.nodes[node]
        except KeyError:
            raise ClusterError(
                f"no node {node!r} in the cluster, which has {', '.join(self.nodes)}"
            ) from None

    async def exec(
        self,
        node: str,
        argv: Sequence[str],
        stdin: bytes | None = None,
        *,
        timeout_s: float = 60.0,
    ) -> bytes:
        """Run `argv` in a node, by the plan's name; its stdout. Raises ClusterError."""
        return await self.engine.execute(
            self.container(node), argv, stdin=stdin, timeout_s=timeout_s
        )

    async def dead_nodes(self) -> dict[str, str]:
        """Why each node whose container does not run is dead, by the plan's name.

        The control plane is told as `control-plane`. Raises ClusterError.
        """
        places = {**self.nodes, "control-plane": self.control_plane}
        reasons = await asyncio.gather(*(self._reason(place) for place in places.values()))
        return {node: reason for node, reason in zip(places, reasons, strict=True) if reason}

    async def export_logs(self, folder: Path) -> None:
        """What kind gathers of all nodes, as much as can be had: what failed may be the engine."""
        if self.cli is not None:
            with suppress(ClusterError):
                await self.cli.export_logs(self.name, folder)

    async def kubernetes_nodes(self) -> dict[str, KubernetesNode]:
        """What Kubernetes says of its nodes, by their Kubernetes name. Raises ClusterError."""
        return await ask_nodes(self.engine, self.control_plane)

    async def _reason(self, container: str) -> str:
        try:
            state = await self.engine.state(container)
        except ContainerGoneError as error:
            return str(error)
        return "" if state.running else f"{container}: the container is {state.status}"


async def ask_nodes(engine: Engine, control_plane: str) -> dict[str, KubernetesNode]:
    """What Kubernetes says of its nodes. Raises ClusterError."""
    nodes = await _ask(engine, control_plane, ("nodes",), read_node)
    return {node.name: node for node in nodes}


async def ask_system_pods(engine: Engine, control_plane: str) -> dict[str, str]:
    """Why each node that has not started its system pods cannot run others. Raises ClusterError.

    A node may be Ready and yet start no pod, as without the image of the sandbox.
    """
    what = ("pods", "--namespace", "kube-system")
    pods = await _ask(engine, control_plane, what, read_system_pod)
    return {node: reason for node, reason in pods if reason}


async def _ask(
    engine: Engine, control_plane: str, what: Sequence[str], read: Callable[[Any], _Told]
) -> list[_Told]:
    argv = ("kubectl", "--kubeconfig", _ADMIN, "get", *what, "--output", "json")
    answer = await engine.execute(control_plane, argv, timeout_s=_KUBECTL_S)
    try:
        return [read(it) for it in json.loads(answer)["items"]]
    except (ValueError, LookupError, TypeError) as error:
        message = f"{control_plane}: kubectl get {what[0]} answered otherwise"
        raise ClusterError(message) from error


def unready(nodes: Mapping[str, KubernetesNode], wanted: Iterable[str]) -> dict[str, str]:
    """Why each of the `wanted` nodes that cannot take pods cannot."""
    reasons = {name: nodes[name].reason if name in nodes else "has not joined" for name in wanted}
    return {name: reason for name, reason in reasons.items() if reason}


def read_system_pod(pod: Mapping[str, Any]) -> tuple[str, str]:
    """Its node, and why it is not Ready; "" when it is, or is not one that each node has.

    Raises LookupError, TypeError for anything else than a pod as the API describes it.
    """
    owners = {owner["kind"] for owner in pod["metadata"].get("ownerReferences", ())}
    status = pod["status"]
    ready = any(
        it["type"] == "Ready" and it["status"] == "True" for it in status.get("conditions", ())
    )
    if "DaemonSet" not in owners or ready:
        return pod["spec"].get("nodeName", ""), ""
    states = [it["state"].get("waiting", {}) for it in status.get("containerStatuses", ())]
    why = next((it["reason"] for it in states if "reason" in it), status["phase"])
    node = pod["spec"].get("nodeName", "a node")
    return node, f"{pod['metadata']['name']} does not run there: {why}"


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
