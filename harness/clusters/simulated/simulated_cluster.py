"""Simulated nodes have no cluster that anybody else could use."""

from contextlib import AbstractAsyncContextManager

from harness.clusters.cluster import Cluster, ClusterOrder
from harness.environment.lab import EnvironmentFailed


def open_simulated(order: ClusterOrder) -> AbstractAsyncContextManager[Cluster]:
    """Raises EnvironmentFailed: `run.simulation` opens their environment, on its own clock."""
    del order
    raise EnvironmentFailed("cluster: simulated nodes exist on a virtual clock only")
