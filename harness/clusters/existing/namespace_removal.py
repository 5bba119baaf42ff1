"""Undoes what a killed run left in a user's own cluster: its namespace, and nothing else."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.clusters.errors import ClusterError
from harness.clusters.existing.contexts import kubeconfig_with
from harness.clusters.guard import run_namespace
from harness.clusters.rollouts.cluster_api import open_api
from harness.process.journal import own_run_id


@dataclass(frozen=True, kw_only=True)
class ContextLeave:
    """What the user lets `recover` touch: contexts by name, in files of his own.

    A journal names no kubeconfig: such a file can say which program to start.
    """

    allowed: Sequence[str] = ()
    kubeconfigs: Sequence[Path] = ()


def delete_existing_namespace(folder: Path, undo: Mapping[str, Any], *, leave: ContextLeave) -> str:
    """Delete the namespace that bears the run's label. Raises ClusterError, KeyError."""
    run_id, context, name = own_run_id(folder, undo), undo["context"], undo["namespace"]
    if not isinstance(context, str) or name != run_namespace(run_id):
        raise ClusterError(f"namespace: {run_namespace(run_id)}, which is the run's, got {name!r}")
    kubeconfig = kubeconfig_with(context, leave.kubeconfigs, leave.allowed)
    removed = asyncio.run(_delete(kubeconfig, context, run_id))
    return f"namespace {name} of {context}: {'deleted' if removed else 'was gone already'}"


async def _delete(kubeconfig: Path, context: str, run_id: str) -> bool:
    async with open_api(kubeconfig, context, run_id) as api:
        return await api.delete_namespace()
