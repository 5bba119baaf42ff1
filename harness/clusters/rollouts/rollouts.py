"""Rolls Deployments out on a real cluster at their times, and writes down what became of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from harness.clusters.cluster import Clock
from harness.clusters.program_calls import all_of
from harness.clusters.rollouts.access_records import AccessRecord, read_access_records
from harness.clusters.rollouts.cluster_api import ClusterApi, open_api
from harness.clusters.rollouts.kubernetes import SHARED_NODE, Kubernetes
from harness.clusters.rollouts.kubernetes_objects import (
    SECRET_KEEPER,
    applied,
    deployment,
    namespace,
    pull_secret,
    secret_keeper,
    service_account,
    supersedes,
)
from harness.clusters.rollouts.node_metrics import grown
from harness.clusters.rollouts.pod_rows import (
    Joining,
    all_request_rows,
    joined,
    pod_rows,
    pull_rows,
)
from harness.clusters.rollouts.pod_story import PodStory
from harness.clusters.rollouts.watch import Watching
from harness.load.counts import Counts, SlowCounts
from harness.load.orders import LoadOrders, RolloutOrder
from harness.load.samples_file import SampleWriter
from harness.process.child import Run
from harness.process.completion import run_to_completion

_LAST_EVENTS_S: Final = 3.0
_SECRET_KNOWN_S: Final = 20.0  # longer, and the first pods may pull anonymously


@dataclass(frozen=True, kw_only=True)
class RolloutSettings:
    """Credentials "" for an anonymous pull. `configs`: digests of the image configurations."""

    orders: LoadOrders
    username: str = ""
    password: str = field(default="", repr=False)
    credentials_of: Literal["pod", "service_account"] = "pod"
    configs: frozenset[str] = frozenset()

    @property
    def secret_in_pods(self) -> bool:
        return bool(self.username) and self.credentials_of == "pod"

    @property
    def secret_in_account(self) -> bool:
        return bool(self.username) and self.credentials_of == "service_account"


@dataclass(frozen=True, kw_only=True)
class WatchCoverage:
    """What the watching of a run was worth: events are lossy."""

    pods: int
    pods_without_pull_event: int
    events_lost: int


@dataclass(kw_only=True)
class Rollouts:
    """The rollouts of one run, in a namespace of its own."""

    run: Run
    cluster: Kubernetes
    api: ClusterApi
    settings: RolloutSettings
    counts: Counts = field(init=False)
    _counted_before: dict[str, dict[str, float]] = field(default_factory=dict)
    _watching: Watching | None = None
    _now_s: Callable[[], float] = lambda: 0.0

    def __post_init__(self) -> None:
        self.counts = Counts(slow=SlowCounts(self.settings.orders.slow_limits))

    def tally(self) -> dict[str, Any]:
        """What the pods have done so far."""
        return self.counts.taken(self._now_s())

    async def play(self, clock: Clock) -> bool:
        """Make every Deployment at its time and watch its pods; whether all became Ready.

        Returns when all are, or at the plan's end. Raises ClusterError when the API refuses.
        """
        orders = self.settings.orders
        hosts = {host: node for node, host in self.cluster.nodes.items()}
        self._now_s = clock.now_s
        watching = Watching(orders.rollouts, hosts, clock.now_s, self.counts)
        self._watching = watching
        async with asyncio.TaskGroup() as group:
            hearing = [
                group.create_task(watching.hear_pods(self.api)),
                group.create_task(watching.hear_events(self.api)),
            ]
            with suppress(TimeoutError):
                async with asyncio.timeout(None) as patience:
                    await clock.sleep_until(0.0)
                    loop = asyncio.get_running_loop()
                    left_s = orders.until_s - clock.now_s()
                    patience.reschedule(loop.time() + left_s)
                    await all_of(self._roll_out(order, clock) for order in orders.rollouts)
            await self._hear_the_last_events(watching)
            for task in hearing:
                task.cancel()
        return all(map(watching.is_ready, orders.rollouts))

    async def _roll_out(self, order: RolloutOrder, clock: Clock) -> None:
        """One round to its end; when it is Ready, earlier ones have served their purpose."""
        assert self._watching is not None
        watching = self._watching
        await clock.sleep_until(order.at_s)
        self.counts.late(clock.now_s() - order.at_s)
        rollouts = self.settings.orders.rollouts
        wanted = applied(order, rollouts)
        manifest = deployment(
            self.run.run_id,
            replace(wanted, image=self.cluster.image(wanted.image)),
            hosts=tuple(self.cluster.hosts.values()),
            with_secret=self.settings.secret_in_pods,
        )
        await self.api.make(manifest)
        later = [it for it in rollouts if supersedes(it, order)]
        await self._until(
            watching, lambda: watching.is_over(order) or any(map(watching.is_ready, later))
        )
        if order.is_rolling or order.change == "scale" or not watching.is_ready(order):
            return
        for earlier in (it for it in rollouts if supersedes(order, it)):
            await self._until(watching, partial(watching.is_over, earlier))
            await self.api.delete(earlier.deployment)

    async def _until(self, watching: Watching, reached: Callable[[], bool]) -> None:
        """Each change wakes everybody who waits."""
        while not reached():
            watching.changed.clear()
            await watching.changed.wait()

    async def _hear_the_last_events(self, watching: Watching) -> None:
        """A pod can be Ready before we hear how its image came."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_EVENTS_S):
                await self._until(
                    watching, lambda: not any(it.lacks_pull_events for it in watching.stories)
                )

    @property
    def stories(self) -> tuple[PodStory, ...]:
        """All pods so far."""
        return self._watching.stories if self._watching else ()

    def secret(self, password: str | None) -> dict[str, Any]:
        """The pull secret with `password`; None stands for the right one."""
        settings = self.settings
        right = settings.password if password is None else password
        return pull_secret(self.run.run_id, self.cluster.registry, settings.username, right)

    async def counted(self) -> dict[str, dict[str, float]]:
        """What each node's kubelet and containerd have counted since the rollouts were opened."""
        after = await self.cluster.pull_counts()
        return {node: grown(self._counted_before[node], counts) for node, counts in after.items()}

    def coverage(self) -> WatchCoverage:
        """How much of what happened was heard so far."""
        stories = self.stories
        return WatchCoverage(
            pods=len(stories),
            pods_without_pull_event=sum(it.lacks_pull_events for it in stories),
            events_lost=sum(it.events_lost for it in stories),
        )

    def _asked(self, access_log: Path) -> list[AccessRecord]:
        if not self.cluster.one_listener:
            return read_access_records(access_log, self.settings.orders.nodes)
        return [replace(it, node="") for it in read_access_records(access_log, (SHARED_NODE,))]

    def write_samples(self, access_log: Path, end_s: float) -> None:
        """Join what was heard with the gateway's records. Raises SamplesLost."""
        if self._watching is None:
            return
        stories, orders = self._watching.stories, self.settings.orders
        joining = Joining(
            asked=self._asked(access_log) if access_log.exists() else (),
            shared=self.cluster.one_listener,
            configs=self.settings.configs,
            serial=orders.node_settings.serialize_image_pulls,
            end_s=end_s,
        )
        pulls = joined(stories, joining)
        writer = SampleWriter(self.run.folder / "samples", "cluster")
        for table, rows in (
            ("pods", pod_rows(stories, pulls, end_s)),
            ("pulls", pull_rows(pulls)),
            ("requests", all_request_rows(pulls, joining)),
            ("pod_events", iter(self._watching.event_rows)),
        ):
            for row in rows:
                writer.add(table, row)
        writer.flush()


@asynccontextmanager
async def open_rollouts(
    run: Run, cluster: Kubernetes, settings: RolloutSettings
) -> AsyncIterator[Rollouts]:
    """The run's namespace with its credentials, on nodes that hold none of its images.

    Nodes of a user's own cluster are asked first whether they reach the registry. Deleted with all
    that is in it when the block is left. Raises ClusterError.
    """
    async with open_api(cluster.kubeconfig, cluster.context, run.run_id) as api:
        await cluster.remove_earlier_images()
        record = run.journal.record(cluster.namespace_undo(run.run_id))
        try:
            await _prepare(api, run.run_id, cluster.registry, settings)
            await cluster.require_reachable(api, with_secret=settings.secret_in_pods)
            if settings.username:
                await _keep_secret(api, run.run_id, cluster)
            before = await cluster.pull_counts()
            yield Rollouts(
                run=run, cluster=cluster, api=api, settings=settings, _counted_before=before
            )
        finally:
            if cluster.stays:
                await run_to_completion(api.delete_namespace())
            run.journal.done(record)


async def _prepare(api: ClusterApi, run_id: str, registry: str, settings: RolloutSettings) -> None:
    await api.make(namespace(run_id))
    if settings.username:
        secret = pull_secret(run_id, registry, settings.username, settings.password)
        await api.make(secret)
    await api.make(service_account(run_id, with_secret=settings.secret_in_account))


async def _keep_secret(api: ClusterApi, run_id: str, cluster: Kubernetes) -> None:
    """Let the kubelets know the pull secret before the first pod needs it, where that can be."""
    held = [set(node.images) for node in (await cluster.kubernetes_nodes()).values()]
    pause = next((name for name in set.intersection(*held) if "/pause:" in name), "")
    if pause:
        hosts = tuple(cluster.hosts.values())
        await api.make(secret_keeper(run_id, pause, hosts))
        await api.await_daemons(SECRET_KEEPER, pods=len(hosts), patience_s=_SECRET_KNOWN_S)
