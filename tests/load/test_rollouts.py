"""Rollouts, background pulls and pushes by Locust against a real registry, and their samples."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.load.orders import PullsOrder, PushesOrder
from harness.node.settings import NodeSettings
from tests.load_lab import LoadLab, open_load_lab, to_end

_OPEN = (psutil.CONN_ESTABLISHED, psutil.CONN_CLOSE_WAIT)
_PARTS = ("schedule", "queue", "resolve", "auth", "manifest", "download", "unpack", "backoff")


def _parts_s(pod: Mapping[str, Any]) -> float:
    return sum(float(pod[f"{part}_s"]) for part in (*_PARTS, "start"))


def _asked(lab: LoadLab) -> Counter[tuple[str, str, int]]:
    """What the registry answered, by node, method and status."""
    lines = lab.registry.access_log.read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    return Counter((it["node"], it["method"], it["status"]) for it in records)


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_a_cold_and_a_warm_round_with_clients_become_samples(tmp_path: Path, *, tls: bool) -> None:
    """Pods get ready, a warm round pulls nothing, and every count agrees with the registry's."""

    async def main() -> None:
        async with open_load_lab(tmp_path, tls=tls) as lab:
            image = await lab.add_image("app")
            orders = lab.orders(
                lab.rollout(image, replicas=4),
                lab.rollout(image, number=2, at_s=2.5, replicas=2),
                pulls=(PullsOrder(name="pulls-1", image=image, users=2, due_s=(0.2, 0.3, 0.4)),),
                pushes=(
                    PushesOrder(
                        name="pushes-1",
                        repository="team/up",
                        blob_bytes=100_000,
                        users=1,
                        due_s=(0.2, 0.5),
                    ),
                ),
            )
            async with lab.load(orders) as load:
                ended, tally = await to_end(load)
        assert ended == (True, "")
        pods, pulls, pushes = lab.rows("pods"), lab.rows("pulls"), lab.rows("pushes")
        blob_bytes = lab.blob_bytes(image)

        assert sorted(pod["pod"] for pod in pods) == sorted(
            pod.pod for rollout in orders.rollouts for pod in rollout.pods
        )
        for pod in pods:
            assert pod["outcome"] == "ok"
            assert _parts_s(pod) == pytest.approx(pod["delay_s"], abs=1e-6)
            assert pod["delay_s"] == pytest.approx(pod["ready_s"] - pod["created_s"])
            assert 0.39 <= pod["schedule_s"] <= 0.51  # the sandbox
        warm = {pod["pod"]: pod for pod in pods if pod["round"] == 2}
        assert all(pod["cached"] and pod["attempts"] == 0 for pod in warm.values())
        assert not warm.keys() & {pull["pod"] for pull in pulls}
        [runs] = {pod["image_digest"] for pod in pods}  # also those that pulled nothing
        assert runs.startswith("sha256:")

        by_node = Counter[str]()
        for pull in pulls:
            assert pull["outcome"] == "ok"
            by_node[pull["node"]] += pull["bytes"]
        assert by_node == {"node-0": blob_bytes, "node-1": blob_bytes, "clients": 3 * blob_bytes}
        assert sorted(pull["pull"] for pull in pulls if not pull["pod"]) == [
            f"pulls-1-{number}" for number in range(3)
        ]
        assert [(push["outcome"], push["bytes"]) for push in pushes] == [("ok", 100_000)] * 2

        sent = [row for row in lab.rows("requests") if row["kind"] != "dns"]
        asked = Counter((row["node"], row["method"], row["status"]) for row in sent)
        assert asked == _asked(lab)
        assert len(sent) == sum(row["requests"] for row in (*pulls, *pushes)) == tally["requests"]
        assert tally["pods_created"] == tally["pods_ready"] == 6
        assert (tally["pulls_ok"], tally["pulls_failed"]) == (len(pulls), 0)
        assert tally["blob_bytes"] == sum(by_node.values())

    asyncio.run(main())


def test_a_missing_image_backs_off_and_is_unfinished_at_the_end(tmp_path: Path) -> None:
    """The pod stays in the samples with its cause, its attempts and the time lost in back-off."""

    async def main() -> None:
        async with open_load_lab(tmp_path, nodes=1) as lab:
            await lab.add_image("app")
            missing = "registry.harness.test/app:v9"
            orders = lab.orders(lab.rollout(missing, replicas=1), until_s=3.0)
            async with lab.load(orders) as load:
                ended, tally = await to_end(load)
        assert ended == (False, "")
        (pod,) = lab.rows("pods")
        (pull,) = lab.rows("pulls")
        assert (pod["outcome"], pod["cause"], pod["attempts"]) == ("unfinished", "missing", 1)
        assert pod["delay_s"] != pod["delay_s"]
        assert pod["ended_s"] == pytest.approx(3.0, abs=0.5)
        assert _parts_s(pod) == pytest.approx(pod["ended_s"] - pod["created_s"])
        assert pod["backoff_s"] == pytest.approx(pod["ended_s"] - pull["ended_s"], abs=1e-6)
        assert (pull["outcome"], pull["cause"], pull["bytes"]) == ("failed", "missing", 0)
        assert "app:v9: not found" in pull["error_text"]
        events = lab.rows("pod_events")
        assert [row["reason"] for row in events if row["type"] == "Normal"][:2] == [
            "Pulling",
            "BackOff",
        ]
        waiting = [row["reason"] for row in events if row["type"] == ""]
        assert waiting[:2] == ["ContainerCreating", "ErrImagePull"]
        assert (tally["pulls_failed"], tally["pods_ready"]) == (1, 0)

    asyncio.run(main())


def test_pulls_are_due_whoever_is_late(tmp_path: Path) -> None:
    """One client for pulls due at once makes them one after another; the samples say how late."""

    async def main() -> None:
        async with open_load_lab(tmp_path, nodes=1) as lab:
            image = await lab.add_image("app")
            order = PullsOrder(name="pulls-1", image=image, users=1, due_s=(0.2,) * 4)
            async with lab.load(lab.orders(pulls=(order,))) as load:
                ended, _ = await to_end(load)
        assert ended == (True, "")
        pulls = sorted(lab.rows("pulls"), key=lambda row: str(row["pull"]))
        assert [pull["due_s"] for pull in pulls] == [0.2] * 4
        for before, pull in pairwise(pulls):
            assert pull["started_s"] >= before["ended_s"]
        for pull in pulls:
            assert pull["queue_s"] == pytest.approx(pull["started_s"] - 0.2)
            assert pull["bytes"] == lab.blob_bytes(image)

    asyncio.run(main())


def test_pulls_side_by_side_count_their_own_requests(tmp_path: Path) -> None:
    """Three images at once on one node: tally, pulls and request rows agree."""

    async def main() -> None:
        async with open_load_lab(tmp_path, nodes=1) as lab:
            images = [await lab.add_image(name) for name in ("a", "b", "c")]
            orders = lab.orders(
                *(lab.rollout(image, name=image[-4], replicas=1) for image in images),
                settings=NodeSettings(serialize_image_pulls=False),
            )
            async with lab.load(orders) as load:
                ended, tally = await to_end(load)
        assert ended == (True, "")
        sent = Counter(row["pull"] for row in lab.rows("requests") if row["kind"] != "dns")
        assert sent == Counter({row["pull"]: row["requests"] for row in lab.rows("pulls")})
        assert tally["requests"] == sent.total()

    asyncio.run(main())


def test_a_node_keeps_idle_connections_when_its_pull_is_over(tmp_path: Path) -> None:
    """As containerd does: whoever counts a node's connections sees them."""

    async def main() -> None:
        async with open_load_lab(tmp_path, nodes=1) as lab:
            image = await lab.add_image("app")
            orders = lab.orders(
                lab.rollout(image, replicas=1), lab.rollout(image, number=2, at_s=4, replicas=1)
            )
            async with lab.load(orders) as load:
                async for tally in load.tallies():
                    if tally["pods_ready"]:
                        break
                port = lab.registry.ports["node-0"]
                links = psutil.net_connections("tcp")
                await to_end(load)
            assert port in {it.raddr.port for it in links if it.raddr and it.status in _OPEN}
            assert [pod["outcome"] for pod in lab.rows("pods")] == ["ok", "ok"]

    asyncio.run(main())
