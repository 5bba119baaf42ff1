"""What a run may touch: clusters it made or was allowed by name, and namespaces of its own."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from harness.clusters.errors import ClusterError

RUN_LABEL: Final = "harness.run"  # on every Kubernetes object that a run makes; its value: run id
CLUSTER_PREFIX: Final = "harness-"
PULL_SECRET: Final = "registry-credentials"  # noqa: S105  the name of an object, no password
_RUN_ID: Final = re.compile(r"[a-z0-9]{1,20}")


class ClusterRefused(ClusterError):  # noqa: N818  it is a decision, shown to the user
    """The harness must not touch what was asked for. One sentence."""


def run_name(run_id: str) -> str:
    """What a run's own cluster and its namespace are called. Raises ValueError."""
    if not _RUN_ID.fullmatch(run_id):
        raise ValueError(f"run id: 1 to 20 small letters and digits, got {run_id!r}")
    return f"{CLUSTER_PREFIX}{run_id}"


def run_namespace(run_id: str) -> str:
    """The one namespace that the run works in."""
    return run_name(run_id)


def run_labels(run_id: str) -> dict[str, str]:
    """The labels of all that the run makes in a cluster."""
    return {RUN_LABEL: run_id}


def require_allowed_context(
    *, provider: str, context: str, allowed: Sequence[str], known: Sequence[str] = ()
) -> str:
    """The kube-context that the run may use, which the user named twice.

    `provider` and `context` are the scenario's words, `allowed` the values of `--allow-context`,
    `known` the contexts of the kubeconfig when it has been read. Raises ClusterRefused.
    """
    if provider != "existing":
        raise ClusterRefused(
            f"cluster: context {context!r} is not of the harness's making: it needs "
            f"provider: existing, got {provider!r}"
        )
    if not context:
        raise ClusterRefused("cluster: provider existing needs the name of a kube-context: context")
    if context not in allowed:
        named = ", ".join(map(repr, allowed)) or "nothing"
        raise ClusterRefused(
            f"cluster: context {context!r} is used only with --allow-context {context}, "
            f"which names {named}"
        )
    if known and context not in known:
        raise ClusterRefused(
            f"cluster: context {context!r} is not in the kubeconfig, which has {', '.join(known)}"
        )
    return context


def require_own_namespace(name: str, labels: Mapping[str, str] | None, run_id: str) -> None:
    """Let pass only a namespace that `run_id` made. Raises ClusterRefused."""
    owner = (labels or {}).get(RUN_LABEL)
    if name != run_namespace(run_id) or owner != run_id:
        raise ClusterRefused(
            f"namespace {name!r}: only {run_namespace(run_id)!r} with the label "
            f"{RUN_LABEL}={run_id} is this run's, and this one has {owner or 'no such label'}"
        )
