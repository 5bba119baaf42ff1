"""The Kubernetes objects of a run, as plain data: pure functions of what was ordered."""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from harness.environment.cluster.guard import PULL_SECRET, run_labels, run_namespace
from harness.load.orders import RolloutOrder

ROLLOUT_LABEL: Final = "harness.rollout"  # on pods: the round that made them, as app-1
_HOST_LABEL: Final = "kubernetes.io/hostname"
_SERVICE_ACCOUNT: Final = "default"
# Longer than any run: the harness watches the pods itself and never asks the Deployment.
_PROGRESS_DEADLINE_S: Final = 86_400

Manifest = dict[str, Any]


def namespace(run_id: str) -> Manifest:
    """The one namespace of the run."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": run_namespace(run_id), "labels": run_labels(run_id)},
    }


def pull_secret(run_id: str, registry_name: str, username: str, password: str) -> Manifest:
    """The registry's credentials, as `kubectl create secret docker-registry` makes them."""
    encoded = base64.b64encode(f"{username}:{password}".encode()).decode()
    login = {"username": username, "password": password, "auth": encoded}
    content = json.dumps({"auths": {registry_name: login}})
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": _metadata(run_id, PULL_SECRET),
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": base64.b64encode(content.encode()).decode()},
    }


def service_account(run_id: str, *, with_secret: bool) -> Manifest:
    """The namespace's default account, which gives its pods the pull secret or not."""
    account: Manifest = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": _metadata(run_id, _SERVICE_ACCOUNT),
        "automountServiceAccountToken": False,
    }
    if with_secret:
        account["imagePullSecrets"] = [{"name": PULL_SECRET}]
    return account


def deployment(
    run_id: str, order: RolloutOrder, *, hosts: Iterable[str], with_secret: bool
) -> Manifest:
    """One round of a rollout: a Deployment of its own, spread evenly over `hosts`.

    A round of its own, so that the next does not take away the pods that this one still waits for.
    """
    labels = {**run_labels(run_id), ROLLOUT_LABEL: order.rollout}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {**_metadata(run_id, order.rollout), "labels": labels},
        "spec": {
            "replicas": len(order.pods),
            "progressDeadlineSeconds": _PROGRESS_DEADLINE_S,
            "selector": {"matchLabels": {ROLLOUT_LABEL: order.rollout}},
            "template": {
                "metadata": {"labels": labels},
                "spec": _pod(order, labels, tuple(hosts), with_secret=with_secret),
            },
        },
    }


def _pod(
    order: RolloutOrder, labels: Mapping[str, str], hosts: tuple[str, ...], *, with_secret: bool
) -> Manifest:
    spec: Manifest = {
        "containers": [
            {"name": order.name, "image": order.image, "imagePullPolicy": order.pull_policy}
        ],
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1,
        "affinity": {"nodeAffinity": _only(hosts)},
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": _HOST_LABEL,
                "whenUnsatisfiable": "DoNotSchedule",
                "nodeTaintsPolicy": "Honor",  # a node that takes no pods is none to balance with
                "labelSelector": {"matchLabels": {ROLLOUT_LABEL: labels[ROLLOUT_LABEL]}},
            }
        ],
    }
    if with_secret:
        spec["imagePullSecrets"] = [{"name": PULL_SECRET}]
    return spec


def _only(hosts: tuple[str, ...]) -> Manifest:
    chosen = {"key": _HOST_LABEL, "operator": "In", "values": list(hosts)}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [chosen]}]}
    return {"requiredDuringSchedulingIgnoredDuringExecution": terms}


def _metadata(run_id: str, name: str) -> Manifest:
    return {"name": name, "namespace": run_namespace(run_id), "labels": run_labels(run_id)}
