"""Real nodes on a real cluster: their path leads over the lab, and is put back as it was."""

import asyncio
import itertools
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from harness.chance import Chance
from harness.clusters.guard import RUN_LABEL
from harness.clusters.kind.containers import CommandFailed
from harness.clusters.kind.creation import KindSettings
from harness.clusters.kind.kind_cluster import KindCluster
from harness.clusters.kind.kind_lab import open_kind_lab
from harness.environment.canary import check_steady_state
from harness.environment.lab import EnvironmentFailed, Lab
from harness.environment.scope import FaultScope
from harness.load.orders import REGISTRY_NAME
from harness.process.child import Run
from harness.process.journal import pending
from harness.recording.events import Event, RoomOpened
from harness.run.recover import recover
from harness.seams import DnsMode, Where
from tests.cluster_lab import (
    NODES,
    PASSWORD,
    RUN_ID,
    Standing,
    kind_settings,
    lab_settings,
    make_folder,
    make_run,
    state_of,
)

pytestmark = pytest.mark.cluster

PULL = (
    *("ctr", "--namespace", "k8s.io", "images", "pull", "--hosts-dir", "/etc/containerd/certs.d"),
    *("--user", f"harness:{PASSWORD}"),
)
NUMBERS = itertools.count(1)
# A harness that is killed while the nodes' path is laid.
HARNESS = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
from harness.clusters.kind.creation import open_kind
from harness.clusters.kind.node_path import PathSettings, open_node_path
from harness.process.lock import hold
from tests.cluster_lab import kind_settings, run_in

async def main():
    folder, ports = Path(sys.argv[1]), {"node-0": 5001, "node-1": 5002}
    name = "registry.harness.test"
    path = PathSettings(registry_name=name, link_ports=ports, resolver_ports=ports)
    kind = replace(kind_settings(2), reuse=sys.argv[2])
    with hold(folder), run_in(folder) as run:
        async with open_kind(run, kind) as room, open_node_path(run, room, path):
            print("laid", flush=True)
            await asyncio.sleep(60)
asyncio.run(main())
"""
REMOVE = ("ctr", "--namespace", "k8s.io", "images", "rm", "--sync")


@asynccontextmanager
async def opened(standing: Standing, run: Run) -> AsyncIterator[tuple[Lab, KindCluster]]:
    """The lab on the standing cluster."""
    events: list[Event] = []
    kind = kind_settings(NODES)
    reuse = replace(kind, reuse=standing.name)
    settings = lab_settings(NODES, standing.reports / "cache")
    async with open_kind_lab(run, settings, reuse, events.append) as (lab, cluster):
        rooms = [event.room for event in events if isinstance(event, RoomOpened)]
        assert rooms == ["cluster", "registry", "images", "resolver", "link", "node path"]
        yield lab, cluster


def scope(fault: str, *nodes: str) -> FaultScope:
    loop = asyncio.get_running_loop()
    return FaultScope(
        fault=fault,
        where=Where(nodes=nodes),
        chance=Chance(1, fault),
        deadline_s=loop.time() + 60,
    )


async def pull(cluster: KindCluster, node: str) -> str:
    """Pull the image as the node would; what went wrong, "" for nothing."""
    reference = f"{REGISTRY_NAME}/app:v1"
    try:
        await cluster.exec(node, (*PULL, "--plain-http", reference))
    except CommandFailed as error:
        return str(error)
    await cluster.exec(node, (*REMOVE, reference))
    return ""


def test_the_nodes_pull_over_their_own_listeners_and_resolver(standing: Standing) -> None:
    """Both nodes pull; a fault on one is met by it alone; afterwards all is as it was."""
    nodes = [f"{standing.name}-worker", f"{standing.name}-worker2"]
    before = [state_of(node) for node in nodes]

    async def main(run: Run) -> None:
        async with opened(standing, run) as (lab, cluster):
            assert dict(cluster.nodes) == dict(zip(("node-0", "node-1"), nodes, strict=True))
            assert not cluster.made
            await check_steady_state(lab)
            assert [await pull(cluster, node) for node in cluster.nodes] == ["", ""]
            await meet_faults(lab, cluster)
            assert [state_of(node) for node in nodes] != before

    with make_run(standing.reports, "path02") as run:
        asyncio.run(main(run))
    assert [state_of(node) for node in nodes] == before
    assert pending(run.folder / "journal.jsonl") == []
    by_node = [
        json.loads(line) for line in (run.folder / "logs/access.jsonl").read_text().splitlines()
    ]
    assert {record["node"] for record in by_node} >= {"node-0", "node-1"}
    assert not (run.folder / "kubeconfig").exists()


async def meet_faults(lab: Lab, cluster: KindCluster) -> None:
    """One on each node, one after the other."""
    resolver = lab.resolver.resolver(scope("dns_nxdomain-1", "node-0"))
    async with resolver.answering(DnsMode.NXDOMAIN):
        assert "no such host" in await pull(cluster, "node-0")
        assert await pull(cluster, "node-1") == ""
    assert ((await resolver.bites()).count or 0) > 0
    assert await pull(cluster, "node-0") == ""
    assert lab.link is not None
    async with lab.link.link(scope("connection_refused-1", "node-1")).down():
        assert "connection refused" in await pull(cluster, "node-1")
        assert await pull(cluster, "node-0") == ""
    assert await pull(cluster, "node-1") == ""


def test_kubernetes_goes_on_working_while_the_path_is_changed(standing: Standing) -> None:
    """The kubelet still finds its control plane by name, also after losing its connections."""

    async def main(run: Run) -> None:
        async with opened(standing, run) as (_, cluster):
            await cluster.exec("node-0", ("systemctl", "restart", "kubelet"))
            await until_ready(cluster)
            answer = await cluster.exec("node-0", ("getent", "hosts", cluster.control_plane))
            assert cluster.control_plane in answer.decode()
            node = (await cluster.kubernetes_nodes())[cluster.nodes["node-0"]]
            assert node.labels[RUN_LABEL] == RUN_ID

    with make_run(standing.reports, "path03") as run:
        asyncio.run(main(run))


async def until_ready(cluster: KindCluster) -> None:
    for _ in range(120):
        if not any(node.reason for node in (await cluster.kubernetes_nodes()).values()):
            return
        await asyncio.sleep(0.5)
    pytest.fail("the nodes do not become Ready again")


def test_what_a_killed_run_changed_in_nodes_is_put_back_by_recover(standing: Standing) -> None:
    """SIGKILL; a second path is refused meanwhile; undoing twice is as once."""
    node = f"{standing.name}-worker"
    before = state_of(node)
    folder = make_folder(standing.reports, "path04")
    argv = [sys.executable, "-c", HARNESS, str(folder), standing.name]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as harness:
        assert harness.stdout is not None
        assert harness.stdout.readline() == "laid\n"
        with pytest.raises(EnvironmentFailed, match="already changed by another run"):
            asyncio.run(open_and_fail(standing, replace(kind_settings(NODES), reuse=standing.name)))
        assert recover(folder)[0].text == "is still running and was left alone"
        harness.kill()
    assert state_of(node) != before
    journal = folder / "journal.jsonl"
    killed = journal.read_bytes()
    done = recover(folder)
    assert [change for change in done if change.failed] == []
    assert {change.text.rpartition(": ")[2] for change in done} == {"put back", "removed"}
    assert state_of(node) == before
    journal.write_bytes(killed)
    again = {change.text.rpartition(": ")[2] for change in recover(folder)}
    assert again == {"was as before already", "was gone already"}
    assert state_of(node) == before


async def open_and_fail(standing: Standing, kind: KindSettings) -> None:
    with make_run(standing.reports, f"refused{next(NUMBERS)}") as run:
        settings = lab_settings(NODES, standing.reports / "cache")
        async with open_kind_lab(run, settings, kind, lambda _: None):
            pytest.fail("it must not open")


def test_a_cluster_is_used_again_only_as_it_was_made(standing: Standing) -> None:
    """Unknown names, too few nodes and other settings are told."""
    kind = replace(kind_settings(NODES), reuse=standing.name)
    other = replace(kind.node_settings, registry_burst=77)
    cases = {
        "no kind cluster of the name harness-none": replace(kind, reuse="harness-none"),
        "has 2 nodes, and 9 are needed": replace(kind, nodes=9),
        "other settings": replace(kind, node_settings=other),
    }
    for sentence, settings in cases.items():
        with pytest.raises(EnvironmentFailed, match=sentence):
            asyncio.run(open_and_fail(standing, settings))
