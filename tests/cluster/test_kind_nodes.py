"""What faults change of real nodes: a pull meets it on its own node, and it is taken back."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import pytest

from harness.chance import Chance
from harness.clusters.kind.containers import CommandFailed
from harness.clusters.kind.kind_cluster import KindCluster
from harness.clusters.kind.kind_lab import open_kind_lab, path_settings
from harness.clusters.kind.kind_nodes import KindNodes, ScopedKindNodes
from harness.clusters.kind.node_changes import KUBELET_CONFIG
from harness.clusters.kind.node_faults import CONTENT_FOLDER
from harness.clusters.kind.node_images import CTR
from harness.environment.scope import FaultScope
from harness.load.orders import REGISTRY_NAME
from harness.process.child import Run
from harness.process.journal import pending
from harness.seams import HostsMistake, Where
from tests.cluster_lab import (
    NODES,
    PASSWORD,
    RUN_ID,
    Standing,
    kind_settings,
    lab_settings,
    make_run,
)

pytestmark = pytest.mark.cluster

REFERENCE = f"{REGISTRY_NAME}/app:v1"


@asynccontextmanager
async def opened(standing: Standing, run: Run) -> AsyncIterator[tuple[KindNodes, KindCluster]]:
    """The seam over the standing cluster."""
    kind = replace(kind_settings(NODES), reuse=standing.name)
    settings = lab_settings(NODES, standing.reports / "cache")
    async with open_kind_lab(run, settings, kind, lambda _: None) as (lab, room):
        yield KindNodes(run=run, cluster=room, path=path_settings(lab)), room


def on_node_0(cluster: KindNodes) -> ScopedKindNodes:
    scope = FaultScope(
        fault="f",
        where=Where(nodes=("node-0",)),
        chance=Chance(1, "f"),
        deadline_s=time.monotonic() + 60,
    )
    return cluster.scoped(scope)


async def pull(room: KindCluster, node: str) -> str:
    """Pull the image over the node's own hosts.toml; what went wrong, "" for nothing."""
    await room.remove_images(node, REGISTRY_NAME)
    hosts = ("--hosts-dir", "/etc/containerd/certs.d")
    try:
        await room.exec(node, (*CTR, "pull", *hosts, "--user", f"harness:{PASSWORD}", REFERENCE))
    except CommandFailed as error:
        return str(error)
    return ""


async def content_of(room: KindCluster, node: str) -> tuple[bytes, ...]:
    """The files that faults change, and what is mounted over containerd's content."""
    hosts = f"/etc/containerd/certs.d/{REGISTRY_NAME}/hosts.toml"
    return (
        await room.exec(node, ("cat", hosts)),
        await room.exec(node, ("cat", KUBELET_CONFIG)),
        await room.exec(node, ("sh", "-c", f"grep -c {CONTENT_FOLDER} /proc/mounts || true")),
        await room.exec(node, ("iptables", "-S", "OUTPUT")),
    )


def change(scoped: ScopedKindNodes, name: str) -> AbstractAsyncContextManager[None]:
    if name == "disk":
        return scoped.fill_disk(free_bytes=64 << 10)
    if name == "pull_qps":
        return scoped.pull_qps(qps=1, burst=1)
    return scoped.hosts(HostsMistake(name))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("wrong_host", "no such host"),
        ("wrong_port", "connection refused"),
        ("wrong_path", "not found"),
        ("mirror_without_content", ""),
        ("mirror_refuses", ""),
        ("disk", "no space left on device"),
        ("pull_qps", ""),  # kubelet's own: a pull that it did not ask for goes by
    ],
)
def test_a_change_is_met_on_its_node_and_taken_back(
    standing: Standing, name: str, said: str
) -> None:
    """The other node is healthy, and every byte is as before."""

    async def main(run: Run) -> None:
        async with opened(standing, run) as (cluster, room):
            # with its content, or a full disk would get its room
            await room.remove_images("node-0", REGISTRY_NAME)
            before = await content_of(room, "node-0")
            async with change(on_node_0(cluster), name):
                assert await content_of(room, "node-0") != before
                met = await pull(room, "node-0")
                assert said in met if said else met == ""
                assert await pull(room, "node-1") == ""
            assert await content_of(room, "node-0") == before
            assert await pull(room, "node-0") == ""
        assert pending(run.folder / "journal.jsonl") == []

    with make_run(standing.reports, f"{RUN_ID}seam{name.replace('_', '')}"[:20]) as run:
        asyncio.run(main(run))


def test_images_vanish_from_a_node(standing: Standing) -> None:
    """By their tags, and each counts."""

    async def main(run: Run) -> None:
        async with opened(standing, run) as (cluster, room):
            assert await pull(room, "node-0") == ""
            scoped = on_node_0(cluster)
            async with scoped.remove_images():
                listed = await room.exec("node-0", (*CTR, "list", "--quiet", f"name=={REFERENCE}"))
            assert (listed.strip(), (await scoped.bites()).count) == (b"", 1)

    with make_run(standing.reports, f"{RUN_ID}seamimages") as run:
        asyncio.run(main(run))
