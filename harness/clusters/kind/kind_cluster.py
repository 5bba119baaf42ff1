"""A running cluster of kind's: its nodes by the plan's names, and what can be asked of them."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from harness.clusters.errors import ClusterError
from harness.clusters.guard import run_namespace
from harness.clusters.kind.containers import ContainerGoneError, Engine
from harness.clusters.kind.kind_cli import KindCli
from harness.clusters.kind.kind_config import CONTAINERD_METRICS_PORT
from harness.clusters.kind.node_images import CTR, names_of, read_images, tags_in
from harness.clusters.program_calls import all_of
from harness.clusters.rollouts.kubernetes import Kubernetes, KubernetesNode, read_node
from harness.clusters.rollouts.node_metrics import CONTAINERD, GET_METRICS, KUBELET, read_metrics
from harness.load.orders import REGISTRY_NAME

_ADMIN: Final = "/etc/kubernetes/admin.conf"
_KUBECTL_S: Final = 15.0
_Read = TypeVar("_Read")


@dataclass(frozen=True, kw_only=True)
class KindCluster(Kubernetes):
    """An open cluster of kind's.

    `nodes`: the name of each Kubernetes node, which is its container's too, by the plan's name
    (`node-0`). `gateway_address`: where nodes reach this machine; `listen_host`: where services
    listen for them (the same, unless the engine lives in a machine of its own). `made`: by this
    run. `stays`: when the run has ended. `versions`: kind, kubernetes, containerd.
    """

    registry = REGISTRY_NAME
    control_plane: str
    gateway_address: str
    listen_host: str
    engine: Engine
    made: bool
    cli: KindCli | None = None

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

        The control plane is named `control-plane`. Raises ClusterError.
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

    async def remove_images(self, node: str, registry_name: str, repository: str = "*") -> int:
        """Remove the registry's images in scope from `node`, with their content; how many tags.

        Raises ClusterError.
        """
        held = read_images(await self.exec(node, (*CTR, "list")))
        tags = tags_in(held, registry_name, repository)
        if names := names_of(held, tags):
            await self.exec(node, (*CTR, "rm", "--sync", *names))
        return len(tags)

    async def remove_earlier_images(self) -> None:
        """Remove what an earlier run left. Raises ClusterError."""
        if not self.made:
            await all_of(self._forget_images(node) for node in self.nodes)

    async def _forget_images(self, node: str) -> None:
        try:
            await self.remove_images(node, REGISTRY_NAME)
        except ClusterError as error:
            raise ClusterError(f"{node}: images of an earlier run stay: {error}") from error

    async def pull_counts(self) -> dict[str, dict[str, float]]:
        """By the plan's name of the node; what a node does not tell is left out of its counts."""
        found: dict[str, dict[str, float]] = {node: {} for node in self.nodes}
        await all_of(self._scrape(node, found[node]) for node in self.nodes)
        return found

    async def _scrape(self, node: str, counts: dict[str, float]) -> None:
        path = f"/api/v1/nodes/{self.container(node)}/proxy/metrics"
        kubectl = ("kubectl", "--kubeconfig", _ADMIN, "get", "--raw", path)
        get = ("bash", "-c", GET_METRICS, str(CONTAINERD_METRICS_PORT))
        asked = (
            (KUBELET, self.engine.execute(self.control_plane, kubectl)),
            (CONTAINERD, self.exec(node, get)),
        )
        for wanted, answer in asked:
            try:
                counts.update(read_metrics((await answer).decode(errors="replace"), wanted))
            except ClusterError:
                continue

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
    engine: Engine, control_plane: str, what: Sequence[str], read: Callable[[Any], _Read]
) -> list[_Read]:
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
