"""What a plan is carried out on: emulated nodes, or a real cluster with rollouts of its own."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from harness.clusters.emulated.emulated_nodes import EmulatedNodes
from harness.clusters.errors import ClusterError
from harness.clusters.existing.contexts import kubeconfig_with
from harness.clusters.existing.existing_cluster import ExistingCluster, ExistingSettings, own_pulls
from harness.clusters.existing.existing_lab import open_existing_lab
from harness.clusters.existing.existing_nodes import ExistingNodes, find_existing
from harness.clusters.kind.creation import KindSettings
from harness.clusters.kind.kind_cluster import KindCluster, Room
from harness.clusters.kind.kind_lab import open_kind_lab, path_settings
from harness.clusters.kind.kind_nodes import KindNodes
from harness.clusters.rollouts.rollouts import Rollouts, RolloutSettings, open_rollouts
from harness.environment.lab import ClusterNodes, EnvironmentFailed, Lab, Record, open_lab
from harness.environment.lab_settings import LabSettings, LinkKind
from harness.environment.upstream.access import UpstreamSettings
from harness.load.driver import LoadRun
from harness.load.orders import LoadOrders
from harness.plan.plan import Plan
from harness.process.child import Run


@dataclass(frozen=True, kw_only=True)
class ClusterOptions:
    """What the command line adds to a real cluster.

    `config` None: a plain one. `image`: the node image where the scenario names none. `keep`: leave
    the cluster there at the end. `reuse`: the name of one that was kept. `kubeconfigs`: the user's
    own files, where an existing cluster's context is looked for.
    """

    config: Path | None = None
    image: str | None = None
    kind_path: str | None = None
    engine: str | None = None
    keep: bool = False
    reuse: str | None = None
    kubeconfigs: tuple[Path, ...] = ()
    allowed_contexts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Stage:
    """`rollouts` and `cluster` None: the nodes are emulated, and the load makes their pods."""

    lab: Lab
    cluster: Room | None = None
    rollouts: Rollouts | None = None

    def nodes(self, load: LoadRun, plan: Plan) -> ClusterNodes:
        """The nodes as faults see them."""
        if self.rollouts is None:
            return EmulatedNodes(load=load, nodes=plan.load.nodes)
        room = self.rollouts.room
        if not isinstance(room, KindCluster):
            return ExistingNodes(rollouts=self.rollouts)
        return KindNodes(
            run=self.rollouts.run,
            room=room,
            path=path_settings(self.lab),
            pull_secret=self.rollouts.secret if self.rollouts.settings.username else None,
        )

    def orders(self, plan: Plan) -> LoadOrders:
        """What Locust is asked to do: real nodes have their own pods."""
        if self.rollouts is None:
            return plan.load
        orders = replace(plan.load, nodes=(), rollouts=())
        room = self.rollouts.room
        return own_pulls(orders, room.run_id) if isinstance(room, ExistingCluster) else orders


def lab_settings(
    plan: Plan,
    *,
    link: LinkKind,
    toxiproxy_path: str | None,
    cache_folder: Path,
    upstream: UpstreamSettings | None = None,
    open_link_control: bool = False,
) -> LabSettings:
    """What `plan` needs stood up. The password is new each time and never leaves memory."""
    return LabSettings(
        seed=plan.seed,
        nodes=plan.load.nodes,
        images=plan.images,
        images_bytes=plan.disk_bytes,
        link=link,
        registry=plan.registry,
        password=secrets.token_urlsafe(18),
        toxiproxy_path=toxiproxy_path,
        cache_folder=cache_folder,
        upstream=upstream,
        open_link_control=open_link_control,
    )


@asynccontextmanager
async def open_stage(
    run: Run, plan: Plan, settings: LabSettings, cluster: ClusterOptions, record: Record
) -> AsyncIterator[Stage]:
    """Stand everything up. Raises EnvironmentFailed, and ClusterError when it cannot be undone."""
    if plan.cluster.provider == "emulated":
        async with open_lab(run, settings, record) as lab:
            yield Stage(lab=lab)
        return
    opening_lab: AbstractAsyncContextManager[tuple[Lab, Room]]
    if plan.cluster.provider == "existing":
        opening_lab = _open_existing(run, plan, settings, cluster, record)
    else:
        opening_lab = open_kind_lab(run, settings, kind_settings(plan, settings, cluster), record)
    async with opening_lab as (lab, room), AsyncExitStack() as rooms:
        opening = open_rollouts(run, room, rollout_settings(plan, lab))
        try:
            rollouts = await rooms.enter_async_context(opening)
        except ClusterError as error:
            raise EnvironmentFailed(str(error)) from error
        yield Stage(lab=lab, cluster=room, rollouts=rollouts)


@asynccontextmanager
async def _open_existing(
    run: Run, plan: Plan, settings: LabSettings, cluster: ClusterOptions, record: Record
) -> AsyncIterator[tuple[Lab, Room]]:
    async with AsyncExitStack() as rooms:
        try:
            kubeconfig = kubeconfig_with(
                plan.cluster.context, cluster.kubeconfigs, cluster.allowed_contexts
            )
            finding = find_existing(run, existing_settings(plan, kubeconfig))
            room = await rooms.enter_async_context(finding)
        except ClusterError as error:
            raise EnvironmentFailed(str(error)) from error
        lab = await rooms.enter_async_context(open_existing_lab(run, settings, room, record))
        yield lab, room


def existing_settings(plan: Plan, kubeconfig: Path) -> ExistingSettings:
    """The user's cluster that `plan` asks for."""
    return ExistingSettings(
        kubeconfig=kubeconfig,
        context=plan.cluster.context,
        registry_host=plan.cluster.registry_host,
        registry_port=plan.cluster.registry_port,
        nodes=len(plan.load.nodes),
    )


def kind_settings(plan: Plan, settings: LabSettings, cluster: ClusterOptions) -> KindSettings:
    """The cluster that `plan` asks for; what it says itself goes before the options."""
    return KindSettings(
        config=cluster.config,
        nodes=len(plan.load.nodes),
        node_settings=plan.load.node_settings,
        image=plan.cluster.image or cluster.image,
        kind_path=cluster.kind_path,
        cache_folder=settings.cache_folder,
        engine=cluster.engine,
        keep=cluster.keep,
        reuse=cluster.reuse,
    )


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
