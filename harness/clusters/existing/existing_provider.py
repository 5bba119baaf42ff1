"""The provider `existing`: a user's cluster, with services at an address that its nodes reach."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from harness.clusters.cluster import ClusterOrder
from harness.clusters.existing.existing_cluster import (
    ExistingCluster,
    own_images,
    own_pulls,
)
from harness.clusters.existing.existing_nodes import ExistingNodes, find_existing
from harness.clusters.rollouts.kubernetes import SHARED_NODE
from harness.clusters.rollouts.kubernetes_cluster import (
    KubernetesCluster,
    roll_out_on,
    without_pods,
)
from harness.environment.lab import (
    Lab,
    environment_failures,
    open_services,
    opened,
    require_disk,
)
from harness.environment.lab_settings import Place


@asynccontextmanager
async def open_existing(order: ClusterOrder) -> AsyncIterator[KubernetesCluster]:
    """See `clusters.cluster.OpenCluster`."""
    run, plan = order.run, order.plan
    async with AsyncExitStack() as stack:
        with environment_failures(run):
            cluster = await stack.enter_async_context(find_existing(order))
            lab = await _open_services(order, cluster, stack)
        rollouts = await roll_out_on(cluster, order, lab, stack)
        yield KubernetesCluster(
            lab=lab,
            load_orders=own_pulls(without_pods(plan.load), run.run_id),
            rollouts=rollouts,
            seam=ExistingNodes(rollouts=rollouts),
            record=order.record,
        )


async def _open_services(
    order: ClusterOrder, cluster: ExistingCluster, stack: AsyncExitStack
) -> Lab:
    """The services, with one listener for all nodes. Raises EnvironmentFailed."""
    run = order.run
    settings = replace(
        order.lab, nodes=(SHARED_NODE,), images=own_images(order.lab.images, run.run_id)
    )
    require_disk(run.folder, settings.images_bytes)
    opened(order.record, "cluster", time.monotonic(), existing_details(cluster))
    place = Place(
        listen_host=cluster.registry_host,
        address=cluster.registry_host,
        ports={SHARED_NODE: cluster.registry_port},
        resolver_asked=False,
    )
    return await open_services(stack, run, settings, order.record, place)


def existing_details(cluster: ExistingCluster) -> dict[str, object]:
    """What a recording keeps of the cluster."""
    return {
        "provider": "existing",
        "name": cluster.context,
        "made": False,
        "registry": cluster.registry,
        "nodes": dict(cluster.nodes),
        **cluster.versions,
    }
