"""The cluster's configuration: the repository's kind-config.yaml, patched for one run."""

import hashlib
import json
from io import StringIO
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from harness.clusters.errors import ClusterError
from harness.clusters.guard import RUN_LABEL
from harness.node.settings import NodeSettings

SETTINGS_LABEL: Final = "harness.settings"  # on Kubernetes nodes: what the cluster was made for
_API_VERSION: Final = "kind.x-k8s.io/v1alpha4"
PLAIN_CONFIG: Final = f"kind: Cluster\napiVersion: {_API_VERSION}\n"
_ROLES: Final = ("control-plane", "worker")
CONTAINERD_METRICS_PORT: Final = 1338  # of the node's own loopback; containerd has none by itself
# The released node images' config.toml: kind images/base/files/etc/containerd/config.toml, v0.33.0
_CRI: Final = 'plugins."io.containerd.grpc.v1.cri"'


def patched_config(text: str, *, nodes: int, settings: NodeSettings, run_id: str) -> str:
    """The configuration of kind for `nodes` nodes that pull, as YAML.

    One node is the control plane itself; more are workers beside it, which continue those of
    `text`. Each node is labelled with the run. Raises ClusterError when `text` is not kind's.
    """
    if nodes < 1:
        raise ClusterError(f"cluster: nodes: at least 1, got {nodes}")
    config = _read(text)
    config.pop("name", None)  # named by the run
    config["nodes"] = _nodes(config.get("nodes") or [{"role": "control-plane"}], nodes)
    labels = {RUN_LABEL: run_id, SETTINGS_LABEL: settings_label(settings)}
    for node in config["nodes"]:
        node["labels"] = {**(node.get("labels") or {}), **labels}
    patches = [*(config.get("kubeadmConfigPatches") or []), kubelet_patch(settings)]
    config["kubeadmConfigPatches"] = patches
    others = config.get("containerdConfigPatches") or []
    config["containerdConfigPatches"] = [*others, containerd_patch(settings)]
    return _write(config)


def kubelet_patch(settings: NodeSettings) -> str:
    """A kubeadm patch; names are KubeletConfiguration's (v1beta1)."""
    kubelet: dict[str, Any] = {
        "kind": "KubeletConfiguration",
        "serializeImagePulls": settings.serialize_image_pulls,
        "registryPullQPS": settings.registry_pull_qps,
        "registryBurst": settings.registry_burst,
    }
    if settings.max_parallel_image_pulls and not settings.serialize_image_pulls:
        kubelet["maxParallelImagePulls"] = settings.max_parallel_image_pulls
    return _write(kubelet)


def containerd_patch(settings: NodeSettings) -> str:
    """A patch of containerd's configuration: it tells its metrics, and what else was asked for."""
    usual = NodeSettings()
    lines = []
    if settings.max_concurrent_downloads != usual.max_concurrent_downloads:
        lines.append(f"max_concurrent_downloads = {settings.max_concurrent_downloads}")
    if settings.image_pull_progress_timeout_s != usual.image_pull_progress_timeout_s:
        timeout_ms = round(settings.image_pull_progress_timeout_s * 1000)
        lines.append(f'image_pull_progress_timeout = "{timeout_ms}ms"')
    metrics = ("[metrics]", f'address = "127.0.0.1:{CONTAINERD_METRICS_PORT}"')
    return "\n".join((*metrics, *((f"[{_CRI}]", *lines) if lines else ()), ""))


def settings_label(settings: NodeSettings) -> str:
    """Tells clusters of different settings apart, when one is used again."""
    wanted = json.dumps([kubelet_patch(settings), containerd_patch(settings)])
    return hashlib.sha256(wanted.encode()).hexdigest()[:16]


def _read(text: str) -> dict[str, Any]:
    try:
        config = YAML(typ="safe").load(text)
    except YAMLError as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ClusterError(f"kind configuration: is not YAML: {reason}") from error
    if not isinstance(config, dict) or config.get("kind") != "Cluster":
        raise ClusterError("kind configuration: `kind: Cluster` is missing")
    if config.get("apiVersion") != _API_VERSION:
        raise ClusterError(
            f"kind configuration: apiVersion: {_API_VERSION}, got {config.get('apiVersion')!r}"
        )
    return config


def _nodes(given: Any, wanted: int) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not all(isinstance(node, dict) for node in given):
        raise ClusterError("kind configuration: nodes: a list of nodes")
    for node in given:
        if node.setdefault("role", "control-plane") not in _ROLES:
            raise ClusterError(
                f"kind configuration: role: one of {', '.join(_ROLES)}, got {node['role']!r}"
            )
    planes = [node for node in given if node["role"] == "control-plane"]
    if not planes:
        raise ClusterError("kind configuration: nodes: at least one with role: control-plane")
    if wanted == 1 and len(planes) == 1:  # kind lets pods run there when it is alone
        return planes
    workers = [node for node in given if node["role"] == "worker"] or [{"role": "worker"}]
    more = [dict(workers[-1]) for _ in range(wanted - len(workers))]
    return [*planes, *workers[:wanted], *more]


def _write(config: dict[str, Any]) -> str:
    yaml = YAML()
    yaml.default_flow_style = False
    text = StringIO()
    yaml.dump(config, text)
    return text.getvalue()
