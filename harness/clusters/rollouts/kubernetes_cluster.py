"""A Kubernetes cluster as a run sees it: its own pods beside the load's background clients."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from harness.clusters.cluster import Clock, ClusterOrder
from harness.clusters.errors import ClusterError
from harness.clusters.guard import PULL_SECRET, run_namespace
from harness.clusters.program_calls import first_of
from harness.clusters.rollouts.kubernetes import Kubernetes
from harness.clusters.rollouts.rollouts import Rollouts, RolloutSettings, open_rollouts
from harness.environment.lab import ClusterNodes, EnvironmentFailed, Lab, Record
from harness.load.counts import together
from harness.load.driver import LoadRun
from harness.load.orders import LoadOrders
from harness.plan.plan import Plan
from harness.process.child import ChildError
from harness.process.completion import run_to_completion
from harness.recording.events import NodeMetrics, PodsWatched

_TALLY_EVERY_S: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class KubernetesCluster:
    """`clusters.cluster.Cluster` of real nodes. `seam`: the nodes as faults see them."""

    lab: Lab
    load_orders: LoadOrders
    rollouts: Rollouts
    seam: ClusterNodes
    record: Record

    @property
    def kubernetes(self) -> Kubernetes:
        return self.rollouts.cluster

    def nodes(self, load: LoadRun) -> ClusterNodes:
        """The real ones; `load` has background clients only."""
        del load
        return self.seam

    async def roll_out(self, clock: Clock) -> bool:
        """Make every Deployment at its time, and write down what became of its pods."""
        try:
            return await self.rollouts.play(clock)
        except* ClusterError as group:
            raise first_of(group) from None
        finally:
            await self._write_down(clock.now_s())

    async def _write_down(self, at_s: float) -> None:
        with suppress(ChildError):  # then the records end where it died
            await run_to_completion(self.lab.registry.write_records())
        self.rollouts.write_samples(self.lab.registry.access_log, at_s)
        self.record(PodsWatched(at_s=at_s, **asdict(self.rollouts.coverage())))
        for node, counts in (await run_to_completion(self.rollouts.counted())).items():
            self.record(NodeMetrics(at_s=at_s, node=node, counts=counts))

    async def tallies(self, load: LoadRun) -> AsyncIterator[Mapping[str, Any]]:
        """Once a second: the load's own news would miss what pods do without it."""
        while True:
            await asyncio.sleep(_TALLY_EVERY_S)
            yield together([self.rollouts.tally(), load.counts()])

    async def dead_nodes(self) -> Mapping[str, str]:
        return await self.kubernetes.dead_nodes()

    async def export_logs(self, folder: Path) -> None:
        await self.kubernetes.export_logs(folder)

    def description(self) -> Mapping[str, str]:
        """How kubectl finds it, and where pods find the registry's credentials in it."""
        return {
            "name": self.kubernetes.name,
            "kubeconfig": str(self.kubernetes.kubeconfig),
            "context": self.kubernetes.context,
            "namespace": run_namespace(self.rollouts.run.run_id),
            "pull_secret": PULL_SECRET if self.lab.settings.registry.auth == "token" else "",
            "registry": self.kubernetes.registry,
        }


async def roll_out_on(
    kubernetes: Kubernetes, order: ClusterOrder, lab: Lab, stack: AsyncExitStack
) -> Rollouts:
    """Open the plan's rollouts into `stack`. Raises EnvironmentFailed."""
    opening = open_rollouts(order.run, kubernetes, rollout_settings(order.plan, lab))
    try:
        return await stack.enter_async_context(opening)
    except ClusterError as error:
        raise EnvironmentFailed(str(error)) from error


def without_pods(orders: LoadOrders) -> LoadOrders:
    """What is left to the load where nodes are real."""
    return replace(orders, nodes=(), rollouts=())


def rollout_settings(plan: Plan, lab: Lab) -> RolloutSettings:
    """The plan's rollouts, and what tells a layer from the configuration beside it."""
    username, password = lab.settings.login
    return RolloutSettings(
        orders=plan.load,
        username=username,
        password=password,
        credentials_of=plan.cluster.pull_secret,
        configs=frozenset(
            platform.config.digest for image in lab.images.values() for platform in image.platforms
        ),
    )
