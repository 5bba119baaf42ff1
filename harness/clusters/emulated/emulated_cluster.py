"""Emulated nodes: the load's own processes make the pods, on this machine."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.clusters.cluster import Clock, ClusterOrder
from harness.clusters.emulated.emulated_nodes import EmulatedNodes
from harness.environment.lab import Lab, open_lab
from harness.load.driver import LoadRun
from harness.load.orders import LoadOrders


@dataclass(frozen=True, kw_only=True)
class EmulatedCluster:
    """`clusters.cluster.Cluster` of emulated nodes."""

    lab: Lab
    load_orders: LoadOrders

    def nodes(self, load: LoadRun) -> EmulatedNodes:
        """Those of the load under way."""
        return EmulatedNodes(load=load, nodes=self.load_orders.nodes)

    async def roll_out(self, clock: Clock) -> bool:
        """True at once: the load reports all pods."""
        del clock
        return True

    def tallies(self, load: LoadRun) -> AsyncIterator[Mapping[str, Any]]:
        return load.tallies()

    async def dead_nodes(self) -> Mapping[str, str]:
        """None: a node dies with its process of the load, which is watched by itself."""
        return {}

    async def export_logs(self, folder: Path) -> None:
        """Nothing: the load's processes log into the run folder."""

    def description(self) -> None:
        return None


@asynccontextmanager
async def open_emulated(order: ClusterOrder) -> AsyncIterator[EmulatedCluster]:
    """The services alone. Raises EnvironmentFailed."""
    async with open_lab(order.run, order.lab, order.record) as lab:
        yield EmulatedCluster(lab=lab, load_orders=order.plan.load)
