"""The environment of one run on a user's cluster: services at an address that its nodes reach."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from harness.clusters.existing.existing_cluster import SHARED_NODE, ExistingCluster, own_images
from harness.environment.lab import (
    Lab,
    Record,
    environment_failures,
    open_services,
    opened,
    require_disk,
)
from harness.environment.lab_settings import LabSettings, Place
from harness.process.child import Run


@asynccontextmanager
async def open_existing_lab(
    run: Run, settings: LabSettings, room: ExistingCluster, record: Record
) -> AsyncIterator[Lab]:
    """Open the services, with one listener for all nodes of `room`. Raises EnvironmentFailed."""
    settings = replace(
        settings, nodes=(SHARED_NODE,), images=own_images(settings.images, run.run_id)
    )
    async with AsyncExitStack() as stack:
        with environment_failures(run):
            require_disk(run.folder, settings.images_bytes)
            opened(record, "cluster", time.monotonic(), existing_details(room))
            place = Place(
                listen_host=room.registry_host,
                address=room.registry_host,
                ports={SHARED_NODE: room.registry_port},
                resolver_asked=False,
            )
            lab = await open_services(stack, run, settings, record, place)
        yield lab


def existing_details(room: ExistingCluster) -> dict[str, object]:
    """What a recording keeps of the cluster."""
    return {
        "provider": "existing",
        "name": room.context,
        "made": False,
        "registry": room.registry,
        "nodes": dict(room.nodes),
        **room.versions,
    }
