"""Real clusters that come to nothing, are cut short or lose a node: nothing is left of them."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.clusters.errors import ClusterError
from harness.clusters.kind.creation import KindSettings, open_kind
from harness.process.child import Run
from harness.process.journal import pending
from harness.run.recover import recover
from tests.cluster_lab import (
    containers_of,
    docker,
    kind_settings,
    make_folder,
    make_run,
    require_cluster,
)

pytestmark = pytest.mark.cluster

# A harness that is killed while it makes a cluster.
HARNESS = """
import asyncio, sys
from pathlib import Path
from harness.clusters.kind.creation import open_kind
from harness.process.lock import hold
from tests.cluster_lab import kind_settings, run_in

async def main():
    folder = Path(sys.argv[1])
    with hold(folder), run_in(folder) as run:
        async with open_kind(run, kind_settings(1)):
            await asyncio.sleep(600)
asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def _cluster() -> None:
    require_cluster()


@pytest.fixture
def empty_image() -> Iterator[str]:
    """An image that is no node's."""
    name = "harness-test/empty:v1"
    archive = b"\0" * 10240  # the end of a tar
    subprocess.run(["docker", "import", "-", name], input=archive, check=True, timeout=60)
    yield name
    docker("image", "rm", name)


def nothing_left(run: Run) -> None:
    assert containers_of(f"harness-{run.run_id}") == []
    assert pending(run.folder / "journal.jsonl") == []
    assert not (run.folder / "kubeconfig").exists()


async def opened(run: Run, settings: KindSettings) -> None:
    async with open_kind(run, settings):
        pytest.fail("it must not open")


def test_an_image_that_is_no_node_is_reported(tmp_path: Path, empty_image: str) -> None:
    """After one more try; with the logs of what there was."""
    with make_run(tmp_path, "empty1") as run:
        with pytest.raises(ClusterError, match="kind create cluster: "):
            asyncio.run(opened(run, replace(kind_settings(1), image=empty_image)))
        nothing_left(run)
        assert (run.folder / "logs" / "kind.log").read_text().count("Creating cluster") == 2


def test_a_cluster_that_never_becomes_ready_is_reported(tmp_path: Path) -> None:
    """With the node, Kubernetes' own reason, and the logs of the nodes."""
    with make_run(tmp_path, "never1") as run:
        settings = replace(kind_settings(1), ready_timeout_s=0.0)
        with pytest.raises(ClusterError, match=r"harness-never1-control-plane: not Ready within"):
            asyncio.run(opened(run, settings))
        nothing_left(run)
        assert list((run.folder / "logs" / "kind").rglob("kubelet.log"))


def test_a_cancelled_creation_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C, while the nodes come up."""

    async def main(run: Run) -> None:
        opening = asyncio.ensure_future(opened(run, kind_settings(2)))
        await asyncio.to_thread(wait_for_containers, f"harness-{run.run_id}")
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening

    with make_run(tmp_path, "cancel1") as run:
        asyncio.run(main(run))
        nothing_left(run)


def wait_for_containers(cluster: str) -> None:
    until = time.monotonic() + 60
    while not containers_of(cluster):
        assert time.monotonic() < until
        time.sleep(0.1)


def test_what_a_killed_creation_left_is_deleted_by_recover(tmp_path: Path) -> None:
    """SIGKILL; the record was there before the first container."""
    folder = make_folder(tmp_path, "killed1")
    with subprocess.Popen([sys.executable, "-c", HARNESS, str(folder)]) as harness:
        wait_for_containers("harness-killed1")
        harness.kill()
    done = recover(tmp_path)
    assert [change for change in done if change.failed] == []
    assert "cluster harness-killed1: deleted" in [change.text for change in done]
    assert containers_of("harness-killed1") == []
    assert recover(tmp_path) == []


def test_a_worker_that_dies_is_reported_and_all_is_deleted(tmp_path: Path) -> None:
    """By the plan's name, with what its container is."""

    async def main(run: Run) -> None:
        async with open_kind(run, kind_settings(2)) as room:
            assert await room.dead_nodes() == {}
            docker("kill", room.nodes["node-1"])
            assert await room.dead_nodes() == {
                "node-1": f"{room.nodes['node-1']}: the container is exited"
            }
            with pytest.raises(ClusterError, match="is not running"):
                await room.exec("node-1", ("true",))

    with make_run(tmp_path, "worker1") as run:
        asyncio.run(main(run))
        nothing_left(run)
