"""The Kubernetes objects of a run, as plain data: pure functions of what was ordered."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, Final

from harness.clusters.guard import PULL_SECRET, run_labels, run_namespace
from harness.clusters.rollouts.kubernetes import HOST_LABEL
from harness.load.orders import RolloutOrder

ROLLOUT_LABEL: Final = "harness.rollout"  # on pods: the round that made them, as app-1
DEPLOYMENT_LABEL: Final = "harness.deployment"  # on pods: whose they are, through all rounds
SECRET_KEEPER: Final = "secret-keeper"  # noqa: S105  the name of an object, no password
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


def secret_keeper(run_id: str, image: str, hosts: Iterable[str]) -> Manifest:
    """A pod on each host that refers to the pull secret, of an image that the nodes hold.

    A kubelet knows a secret only while a pod of its own refers to it: the first pods of a run would
    else meet one that has not heard of it yet, and pull anonymously.
    """
    labels = {**run_labels(run_id), "app": SECRET_KEEPER}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": _metadata(run_id, SECRET_KEEPER),
        "spec": {
            "selector": {"matchLabels": {"app": SECRET_KEEPER}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [
                        {"name": SECRET_KEEPER, "image": image, "imagePullPolicy": "Never"}
                    ],
                    "imagePullSecrets": [{"name": PULL_SECRET}],
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "terminationGracePeriodSeconds": 0,
                    "affinity": {"nodeAffinity": _only(tuple(hosts))},
                },
            },
        },
    }


def supersedes(later: RolloutOrder, earlier: RolloutOrder) -> bool:
    """Whether the pods of `later` take the place of those of `earlier`."""
    same = later.name == earlier.name
    return same and later.change == "template" and later.round > earlier.round


def applied(order: RolloutOrder, rollouts: Iterable[RolloutOrder]) -> RolloutOrder:
    """What a Deployment is to be from this round on.

    Scaling one that is updated in place leaves its template, so that all its pods are those of the
    round that made it, and of every scaling since.
    """
    if order.change == "template" or not order.is_rolling:
        return order
    own = sorted((it for it in rollouts if it.name == order.name), key=lambda it: it.round)
    until = [it for it in own if it.round <= order.round]
    base = max((it for it in until if it.change == "template"), key=lambda it: it.round)
    pods = chain.from_iterable(it.pods for it in until if it.round >= base.round)
    return replace(base, pods=tuple(pods))


def deployment(
    run_id: str, order: RolloutOrder, *, hosts: Iterable[str], with_secret: bool
) -> Manifest:
    """One round of a rollout, spread evenly over `hosts`.

    Applied again for a later round of the same Deployment it replaces the pods as Kubernetes does.
    """
    own = {DEPLOYMENT_LABEL: order.deployment}
    labels = {**run_labels(run_id), **own, ROLLOUT_LABEL: order.rollout}
    rolling = {
        "maxSurge": _pods_or_share(order.max_surge or "100%"),
        "maxUnavailable": _pods_or_share(order.max_unavailable or "0"),
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            **_metadata(run_id, order.deployment),
            "labels": {**run_labels(run_id), **own},
        },
        "spec": {
            "replicas": len(order.pods),
            "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling},
            "progressDeadlineSeconds": _PROGRESS_DEADLINE_S,
            "selector": {"matchLabels": own},
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
                "topologyKey": HOST_LABEL,
                "whenUnsatisfiable": "DoNotSchedule",
                "nodeTaintsPolicy": "Honor",  # a node that takes no pods is none to balance with
                "labelSelector": {"matchLabels": {ROLLOUT_LABEL: labels[ROLLOUT_LABEL]}},
            }
        ],
    }
    if with_secret:
        spec["imagePullSecrets"] = [{"name": PULL_SECRET}]
    return spec


def _pods_or_share(text: str) -> int | str:
    """Kubernetes takes a number of pods as a number and a share as text."""
    return text if text.endswith("%") else int(text)


def _only(hosts: tuple[str, ...]) -> Manifest:
    chosen = {"key": HOST_LABEL, "operator": "In", "values": list(hosts)}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [chosen]}]}
    return {"requiredDuringSchedulingIgnoredDuringExecution": terms}


def _metadata(run_id: str, name: str) -> Manifest:
    return {"name": name, "namespace": run_namespace(run_id), "labels": run_labels(run_id)}
