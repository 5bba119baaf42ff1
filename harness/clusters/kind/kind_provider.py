"""The provider `kind`: a cluster that the run makes or reuses, whose nodes faults may change."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from harness.clusters.cluster import ClusterOrder
from harness.clusters.kind.creation import KindSettings
from harness.clusters.kind.kind_lab import open_kind_lab, path_settings
from harness.clusters.kind.kind_nodes import KindNodes
from harness.clusters.rollouts.kubernetes_cluster import (
    KubernetesCluster,
    roll_out_on,
    without_pods,
)


@asynccontextmanager
async def open_on_kind(order: ClusterOrder) -> AsyncIterator[KubernetesCluster]:
    """See `clusters.cluster.OpenCluster`."""
    async with AsyncExitStack() as stack:
        opening = open_kind_lab(order.run, order.lab, kind_settings(order), order.record)
        lab, kind = await stack.enter_async_context(opening)
        rollouts = await roll_out_on(kind, order, lab, stack)
        yield KubernetesCluster(
            lab=lab,
            load_orders=without_pods(order.plan.load),
            rollouts=rollouts,
            seam=KindNodes(
                run=order.run,
                cluster=kind,
                path=path_settings(lab),
                pull_secret=rollouts.secret if rollouts.settings.username else None,
            ),
            record=order.record,
        )


def kind_settings(order: ClusterOrder) -> KindSettings:
    """The cluster that the plan asks for; what it says itself goes before the options."""
    plan, options = order.plan, order.options
    return KindSettings(
        config=options.config,
        nodes=len(plan.load.nodes),
        node_settings=plan.load.node_settings,
        image=plan.cluster.image or options.image,
        kind_path=options.kind_path,
        cache_folder=order.lab.cache_folder,
        engine=options.engine,
        keep=options.keep,
        reuse=options.reuse,
    )
