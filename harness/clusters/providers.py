"""The providers of clusters, by the word that a scenario has for them."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final

from harness.clusters.cluster import Cluster, ClusterOrder, OpenCluster
from harness.clusters.emulated.emulated_cluster import open_emulated
from harness.clusters.existing.existing_provider import open_existing
from harness.clusters.kind.kind_provider import open_on_kind
from harness.clusters.simulated.simulated_cluster import open_simulated

PROVIDERS: Final[Mapping[str, OpenCluster]] = {
    "simulated": open_simulated,
    "emulated": open_emulated,
    "kind": open_on_kind,
    "existing": open_existing,
}


def open_cluster(order: ClusterOrder) -> AbstractAsyncContextManager[Cluster]:
    """Open what the plan asks for: services, nodes, and the nodes' way to the services.

    Raises EnvironmentFailed, and ClusterError when it cannot be undone.
    """
    return PROVIDERS[order.plan.cluster.provider](order)
