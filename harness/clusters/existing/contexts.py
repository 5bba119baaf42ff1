"""Which kubeconfig has the context that a user named twice. Files are read only."""

from collections.abc import Sequence
from pathlib import Path

from harness.clusters.errors import ClusterError
from harness.clusters.guard import require_allowed_context
from harness.clusters.rollouts.cluster_api import contexts_of


def kubeconfig_with(context: str, kubeconfigs: Sequence[Path], allowed: Sequence[str]) -> Path:
    """The first of `kubeconfigs` that has `context`, as kubectl takes it from KUBECONFIG.

    Raises ClusterRefused unless `allowed` names it, ClusterError when no file can be read.
    """
    require_allowed_context(provider="existing", context=context, allowed=allowed)
    there = [path for path in kubeconfigs if path.is_file()]
    if not there:
        names = ", ".join(map(str, kubeconfigs)) or "none was named"
        raise ClusterError(f"cluster: no kubeconfig there: {names}")
    known: list[str] = []
    for path in there:
        found = contexts_of(path)
        if context in found:
            return path
        known += found
    require_allowed_context(
        provider="existing", context=context, allowed=allowed, known=known or ("none",)
    )
    raise ClusterError(f"cluster: context {context!r} is in no kubeconfig")
