"""How a load ends before its time: asked to, told by a signal, or by the death of a process."""

import asyncio
import os
import shutil
import signal
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.load.driver import LoadRun
from harness.load.orders import REGISTRY_NAME, LoadOrders, PullsOrder, PushesOrder
from harness.process.child import Child
from tests.load_lab import LoadLab, open_load_lab, to_end
from tests.processes import alive, until

_LIMIT_S = 10.0


@contextmanager
def _silent_port() -> Iterator[int]:
    """Connections are taken and nothing is ever answered."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


def _one_stuck_and_one_to_come(lab: LoadLab, image: str) -> LoadOrders:
    return lab.orders(
        lab.rollout(image, replicas=1), lab.rollout(image, number=2, at_s=60.0), until_s=120.0
    )


async def _ask(load: LoadRun) -> None:
    await load.stop()


async def _signal(load: LoadRun) -> None:
    os.kill(load.children()["load"].pid, signal.SIGTERM)


@pytest.mark.parametrize("end", [_ask, _signal])
def test_a_load_that_is_ended_writes_down_what_is_open(
    end: Callable[[LoadRun], Any], tmp_path: Path
) -> None:
    """The pull under way and its pod are unfinished, and the process goes by itself."""

    async def main() -> None:
        with _silent_port() as silent:
            async with open_load_lab(tmp_path, nodes=1) as lab:
                image = await lab.add_image("app")
                orders = _one_stuck_and_one_to_come(lab, image)
                async with lab.load(orders, ports={"node-0": silent}) as load:
                    child = load.children()["load"]
                    await _first_pull_is_due(lab, load)
                    await end(load)
                    assert await asyncio.wait_for(load.finished(), _LIMIT_S) == (False, "")
                    await until(lambda: not child.alive)
                    assert child.exit_code == 0
        (pod,) = lab.rows("pods")
        (pull,) = lab.rows("pulls")
        assert (pod["outcome"], pod["attempts"]) == ("unfinished", 1)
        assert (pull["outcome"], pull["pod"]) == ("unfinished", pod["pod"])
        assert pull["ended_s"] == pytest.approx(pod["ended_s"], abs=0.2)

    asyncio.run(main())


async def _first_pull_is_due(lab: LoadLab, load: LoadRun) -> None:
    """The pod is there for longer than its sandbox takes."""
    async for tally in load.tallies():
        if tally["pods_created"]:
            await asyncio.sleep(1.0)
            return


def test_leaving_the_load_leaves_no_process_and_loses_no_sample(tmp_path: Path) -> None:
    """Without any message: closing the channel is enough, for two workers and their master."""

    async def main() -> None:
        async with open_load_lab(tmp_path, nodes=2) as lab:
            missing = "registry.harness.test/app:v9"
            async with lab.load(lab.orders(lab.rollout(missing), until_s=60.0), workers=2) as load:
                children = dict(load.children())
                async for tally in load.tallies():
                    if tally["pulls_failed"] == 2:
                        break
            assert not any(alive(child.pid) for child in children.values())
        assert sorted(children) == ["load-1", "load-2", "load-master"]
        assert [pod["outcome"] for pod in lab.rows("pods")] == ["unfinished"] * 2
        assert [pull["outcome"] for pull in lab.rows("pulls")] == ["failed"] * 2

    asyncio.run(main())


def test_workers_share_the_load_so_that_nothing_is_done_twice(tmp_path: Path) -> None:
    """Three nodes, a lone client's pulls and pushes over two workers: everything exactly once."""

    async def main() -> None:
        async with open_load_lab(tmp_path, nodes=3) as lab:
            image = await lab.add_image("app")
            orders = lab.orders(
                lab.rollout(image, replicas=5),
                pulls=(PullsOrder(name="a", image=image, users=1, due_s=(0.1, 0.2, 0.3)),),
                pushes=(
                    PushesOrder(
                        name="b", repository="up", blob_bytes=1000, users=3, due_s=(0.1, 0.2)
                    ),
                ),
            )
            async with lab.load(orders, workers=2) as load:
                ended, tally = await to_end(load)
        assert ended == (True, "")
        pods = Counter(row["pod"] for row in lab.rows("pods"))
        assert pods == Counter(pod.pod for pod in orders.rollouts[0].pods)
        assert sorted(row["pull"] for row in lab.rows("pulls") if not row["pod"]) == [
            "a-0",
            "a-1",
            "a-2",
        ]
        assert sorted(row["push"] for row in lab.rows("pushes")) == ["b-0", "b-1"]
        assert (tally["pods_created"], tally["pods_ready"]) == (5, 5)
        writers = {path.name.split("-")[1] for path in lab.samples_folder.glob("pods-*")}
        assert len(writers) == 2

    asyncio.run(main())


def test_a_worker_that_dies_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    """Its own nodes leave no pods; the other worker's become ready."""

    async def main() -> None:
        async with open_load_lab(tmp_path, nodes=2) as lab:
            image = await lab.add_image("app")
            orders = lab.orders(lab.rollout(image, at_s=1.0), until_s=20.0)
            async with lab.load(orders, workers=2) as load:
                victim: Child = load.children()["load-1"]
                os.kill(victim.pid, signal.SIGKILL)
                (complete, error), tally = await to_end(load)
        assert not complete
        assert error == "load-1: exited unexpectedly with code -9"
        assert [(pod["node"], pod["outcome"]) for pod in lab.rows("pods")] == [("node-1", "ok")]
        assert tally["pods_ready"] == 1

    asyncio.run(main())


def test_a_bug_in_a_pull_ends_the_load_and_is_named(tmp_path: Path) -> None:
    """It must not pass for a registry that never made the pod ready."""

    async def main() -> None:
        async with open_load_lab(tmp_path, nodes=2) as lab:
            image = await lab.add_image("app")
            bug = lab.rollout(f"{REGISTRY_NAME}/No-Such-Name:v1", name="bug", replicas=1)
            later = lab.rollout(image, at_s=50.0)
            async with lab.load(lab.orders(bug, later, until_s=60.0)) as load:
                (complete, error), _ = await to_end(load)
        assert not complete
        assert error.startswith("InvalidReferenceError: ")
        assert [(pod["pod"], pod["outcome"]) for pod in lab.rows("pods")] == [
            ("bug-1-0", "unfinished")
        ]

    asyncio.run(main())


def test_samples_that_cannot_be_written_end_the_load(tmp_path: Path) -> None:
    """Told once, with folder and reason, as for a full disk; the process goes by itself."""

    async def main() -> None:
        async with open_load_lab(tmp_path, nodes=1) as lab:
            image = await lab.add_image("app")
            due_s = tuple(number / 4 for number in range(240))
            pulls = (PullsOrder(name="a", image=image, users=1, due_s=due_s),)
            async with lab.load(lab.orders(pulls=pulls, until_s=60.0)) as load:
                child = load.children()["load"]
                async for tally in load.tallies():
                    if tally["pulls_ok"]:
                        break
                shutil.rmtree(lab.samples_folder)
                complete, error = await asyncio.wait_for(load.finished(), _LIMIT_S)
                await until(lambda: not child.alive)
                assert child.exit_code == 0
        assert not complete
        reason = "samples cannot be written: No such file or directory"
        assert error == f"{lab.samples_folder}: {reason}"

    asyncio.run(main())
