"""Clusters of the user's own: refused before anything starts unless they were named twice."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.settings import fail, kubeconfigs
from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from harness.clusters.cluster import ClusterOptions
    from harness.plan.plan import Plan


def with_contexts(
    options: "ClusterOptions",
    plans: "Iterable[Plan]",
    allowed: Sequence[str],
    kubeconfig: Path | None,
) -> "ClusterOptions":
    """`options` with what the user allows, which is all that `plans` need; else exit 2."""
    from dataclasses import replace

    from harness.clusters.errors import ClusterError

    files = kubeconfigs(kubeconfig)
    wanted = [plan.cluster.context for plan in plans if plan.cluster.provider == "existing"]
    if wanted:
        from harness.clusters.existing.contexts import kubeconfig_with

        try:
            for context in dict.fromkeys(wanted):
                kubeconfig_with(context, files, allowed)
        except ClusterError as error:
            fail(f"harness: {error}", ExitCode.USAGE)
    return replace(options, kubeconfigs=files, allowed_contexts=tuple(allowed))


def require_none(plan: "Plan") -> None:
    """Exit 2 when `plan` is of a user's cluster, or simulated: both are for `harness run`."""
    provider = plan.cluster.provider
    if provider in ("existing", "simulated"):
        fail(f"harness: cluster: provider {provider} is for harness run", ExitCode.USAGE)
