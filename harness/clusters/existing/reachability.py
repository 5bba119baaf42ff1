"""Whether the nodes of a user's cluster reach the registry, seen before anything is measured.

Each node is asked to pull an image that does not exist: nothing comes onto the node, and how
that fails tells whether the registry answered.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from harness.clusters.errors import ClusterError
from harness.clusters.guard import PULL_SECRET, run_labels, run_namespace
from harness.clusters.program_calls import all_of
from harness.clusters.rollouts.cluster_api import ClusterApi
from harness.clusters.rollouts.kubernetes import Kubernetes
from harness.clusters.rollouts.pod_story import pod_state
from harness.node.causes import classify
from harness.recording.outcome import Cause

_IMAGE: Final = "harness-probe:none"
_PATIENCE_S: Final = 60.0  # containerd waits 30 s for an address that answers nothing
_PULL_FAILED: Final = frozenset({"ErrImagePull", "ImagePullBackOff"})
# The registry itself said so, and no proxy or firewall: that is all that is asked here.
_ANSWERED: Final = frozenset(
    {Cause.MISSING, Cause.AUTH, Cause.AUTH_SERVICE, Cause.RATE, Cause.QUOTA, Cause.SERVER}
)
_PLAIN_HTTP: Final = "server gave HTTP response to HTTPS client"
_UNKNOWN_CA: Final = "x509: "


async def require_reachable(
    api: ClusterApi, run_id: str, cluster: Kubernetes, *, with_secret: bool
) -> None:
    """Every node asked the registry and was answered. Raises ClusterError with what is missing."""
    probes = {probe_name(node): node for node in cluster.nodes}
    try:
        await all_of(
            api.make(probe(run_id, cluster, node, with_secret=with_secret))
            for node in cluster.nodes
        )
        async with asyncio.timeout(_PATIENCE_S):
            await _all_answered(api, cluster, probes)
    except TimeoutError:
        raise ClusterError(
            f"cluster: not every node has tried to pull from {cluster.registry} within "
            f"{_PATIENCE_S:g} s: does a firewall keep the nodes from it?"
        ) from None
    finally:
        await all_of(api.delete(name, "Pod") for name in probes)


async def _all_answered(api: ClusterApi, cluster: Kubernetes, probes: Mapping[str, str]) -> None:
    waiting = set(probes)
    async for _, pod in api.watch("pods"):
        name = pod["metadata"]["name"]
        state = pod_state(pod)
        if name not in waiting or state.waiting is None or state.waiting[0] not in _PULL_FAILED:
            continue
        if reason := why_not(state.waiting[1], cluster.registry):
            raise ClusterError(f"{cluster.nodes[probes[name]]}: {reason}")
        waiting.discard(name)
        if not waiting:
            return


def why_not(message: str, registry: str) -> str:
    """Why a node whose pull failed with `message` does not reach `registry`; "" when it does."""
    if _PLAIN_HTTP in message:
        return (
            f"its containerd asks {registry} for HTTPS and gets HTTP: allow plain HTTP there by "
            f'/etc/containerd/certs.d/{registry}/hosts.toml with server = "http://{registry}"'
        )
    if _UNKNOWN_CA in message:
        return (
            f"its containerd does not trust {registry}: let it by "
            f"/etc/containerd/certs.d/{registry}/hosts.toml: {message}"
        )
    if not message or classify(message) in _ANSWERED:
        return ""
    return f"cannot pull from {registry}: {message}"


def probe_name(node: str) -> str:
    """The pod that asks for a node, by the plan's name."""
    return f"probe-{node}"


def probe(run_id: str, cluster: Kubernetes, node: str, *, with_secret: bool) -> dict[str, Any]:
    """A pod on that node which can never start."""
    spec: dict[str, Any] = {
        "nodeName": cluster.nodes[node],
        "containers": [
            {
                "name": "probe",
                "image": f"{cluster.registry}/{_IMAGE}",
                "imagePullPolicy": "Always",
            }
        ],
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
    }
    if with_secret:
        spec["imagePullSecrets"] = [{"name": PULL_SECRET}]
    metadata = {
        "name": probe_name(node),
        "namespace": run_namespace(run_id),
        "labels": run_labels(run_id),
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
