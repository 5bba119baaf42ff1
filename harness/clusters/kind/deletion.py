"""Deletes a cluster of kind's by its label, as `kind delete cluster` does, also without kind."""

import asyncio
from typing import Final

from harness.clusters.kind.containers import Engine

CLUSTER_LABEL: Final = (
    "io.x-k8s.kind.cluster"  # kind: pkg/cluster/internal/providers/*/constants.go
)
_LOOKS: Final = 3
_PAUSE_S: Final = 0.3


async def delete_cluster(engine: Engine, name: str, *, settle: bool = False) -> int:
    """Remove the cluster's containers and volumes; how many containers there were.

    `settle`: its creation was broken off, so that the engine may still be making some.
    Raises EngineError.
    """
    label = f"{CLUSTER_LABEL}={name}"
    removed = 0
    for look in range(_LOOKS if settle else 1):
        if look:
            await asyncio.sleep(_PAUSE_S)
        containers = await engine.containers(label)
        removed += len(containers)
        await engine.remove(containers)
    if engine.name == "podman":
        await engine.remove_volumes(label)
    return removed
