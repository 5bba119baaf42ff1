"""A user's own cluster: found by the context that was named twice, and what faults may do there."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.clusters.cluster import ClusterOrder
from harness.clusters.errors import ClusterError
from harness.clusters.existing.contexts import kubeconfig_with
from harness.clusters.existing.existing_cluster import (
    ExistingCluster,
    choose_nodes,
    require_own_address,
)
from harness.clusters.guard import PULL_SECRET
from harness.clusters.rollouts.cluster_api import open_api
from harness.clusters.rollouts.rollouts import Rollouts
from harness.environment.scope import FaultScope
from harness.process.completion import run_to_completion
from harness.recording.outcome import Cause
from harness.seams import Bites, Injection

_WRONG_PASSWORD = "not this one"  # noqa: S105  nobody's


@asynccontextmanager
async def find_existing(order: ClusterOrder) -> AsyncIterator[ExistingCluster]:
    """The user's cluster that the plan asks for. Nothing is changed. Raises ClusterError."""
    wanted, options, run_id = order.plan.cluster, order.options, order.run.run_id
    kubeconfig = kubeconfig_with(wanted.context, options.kubeconfigs, options.allowed_contexts)
    require_own_address(wanted.registry_host)
    async with open_api(kubeconfig, wanted.context, run_id) as api:
        chosen = choose_nodes(await api.nodes(), len(order.plan.load.nodes))
        yield ExistingCluster(
            run_id=run_id,
            name=wanted.context,
            kubeconfig=kubeconfig,
            nodes={f"node-{n}": it.name for n, it in enumerate(chosen)},
            hosts={f"node-{n}": it.host for n, it in enumerate(chosen)},
            registry_host=wanted.registry_host,
            registry_port=wanted.registry_port,
            versions={
                "kubernetes": chosen[0].kubelet,
                "containerd": chosen[0].runtime.removeprefix("containerd://"),
            },
            ask=api.nodes,
        )


@dataclass(frozen=True, kw_only=True)
class ExistingNodes:
    """The nodes of a user's cluster as faults see them: only the pull secret can be changed."""

    rollouts: Rollouts

    def scoped(self, scope: FaultScope) -> "ScopedExistingNodes":
        """The seam for one occurrence of a fault."""
        return ScopedExistingNodes(rollouts=self.rollouts, scope=scope)


@dataclass(frozen=True, kw_only=True)
class ScopedExistingNodes:
    """`seams.Nodes` for one occurrence of one fault."""

    rollouts: Rollouts
    scope: FaultScope
    _before: list[int] = field(default_factory=list)

    def hosts(self, *_: Any, **__: Any) -> Injection:
        """Raises ClusterError: the plan refuses faults that need this."""
        raise ClusterError(f"{self.scope.fault}: the nodes of an existing cluster are not changed")

    remove_images = fill_disk = pull_qps = hosts

    @asynccontextmanager
    async def credentials(
        self, state: Literal["wrong", "missing"], *, share: float = 1.0
    ) -> AsyncIterator[None]:
        """`seams.Nodes.credentials`. A killed run's secret goes with its namespace."""
        rollouts = self.rollouts
        if share < 1 or self.scope.where.nodes:
            raise ClusterError("credentials: a secret is its namespace's: no nodes can be chosen")
        if not rollouts.settings.username:
            raise ClusterError("credentials: the registry asks for none, so there is no secret")
        self._before.append(self._refused())
        try:
            if state == "wrong":
                await rollouts.api.make(rollouts.secret(_WRONG_PASSWORD))
            else:
                await rollouts.api.delete(PULL_SECRET, "Secret")
            yield
        finally:
            await run_to_completion(rollouts.api.make(rollouts.secret(None)))

    async def bites(self) -> Bites:
        """Pulls that were refused since, by the pods' events."""
        return Bites(count=sum(self._refused() - before for before in self._before))

    def _refused(self) -> int:
        return sum(attempt.cause is Cause.AUTH for attempt in self._attempts())

    def _attempts(self) -> Iterator[Any]:
        for story in self.rollouts.stories:
            yield from story.attempts
