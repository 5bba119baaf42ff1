"""What holds for every fault of nodes, on emulated nodes: it bites its own node only, and heals."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from harness.chance import Chance
from harness.clusters.emulated.emulated_nodes import EmulatedNodes, ScopedEmulatedNodes
from harness.environment.scope import FaultScope
from harness.faults import catalogue
from harness.load.driver import LoadRun
from harness.load.orders import PodOrder, RolloutOrder
from harness.node.settings import NodeSettings, PullPolicy
from harness.scenario import read_held_fault
from harness.seams import Seam, Seams, Where
from tests.load_lab import LoadLab, open_load_lab
from tests.stand_ins import RecordingSeams

# Each on a node of its own, and the cause of that node's failed pulls; "" where none fails.
FAULTS = {
    "wrong_registry_url: {part: host}": "dns",
    "wrong_registry_url: {part: port}": "tcp",
    "wrong_registry_url: {part: path}": "missing",
    "wrong_mirror: {}": "",
    "dead_mirror: {mode: refused}": "",
    "wrong_credentials: {}": "auth",
    "missing_credentials: {}": "auth",
    "image_garbage_collection: {}": "",
    "node_disk_full: {free: 16KiB}": "quota",
    "pull_qps: {qps: 1, burst: 1}": "rate",
}
NODES = tuple(f"node-{number}" for number in range(len(FAULTS) + 1))
BEGIN_S, BITTEN_S, HEALED_S, UNTIL_S = 2.0, 3.0, 7.0, 11.0


def test_every_fault_of_nodes_is_held_to_this() -> None:
    """A new one needs a row in the table."""
    words = {text.partition(":")[0] for text in FAULTS}
    needing = {
        word
        for word, fault in catalogue().items()
        if Seam.CLUSTER in read_held_fault(f"{word}: {fault.example}", nodes=2).fault.seams_needed()
    }
    assert words == needing


def rounds(lab: LoadLab, first: str, second: str, third: str) -> tuple[RolloutOrder, ...]:
    """Before, during and after: two pods a node at a time, of a new image each time."""

    def rollout(
        name: str, image: str, at_s: float, policy: PullPolicy = "IfNotPresent"
    ) -> RolloutOrder:
        pods = tuple(
            PodOrder(pod=f"{name}-{node}-{n}", node=node) for node in lab.nodes for n in (1, 2)
        )
        order = lab.rollout(image, name=name, at_s=at_s, pull_policy=policy)
        return RolloutOrder(**{**vars(order), "pods": pods})

    return (
        rollout("before", first, 0.0),
        rollout("again", first, BITTEN_S),
        # Always: both pods of a node pull, so that they meet its limit however quick the first is
        rollout("during", second, BITTEN_S, "Always"),
        rollout("after", third, HEALED_S),
    )


def seams_of(cluster: ScopedEmulatedNodes) -> Seams:
    return Seams(**{**vars(RecordingSeams().seams()), "cluster": cluster})


def test_each_bites_its_own_node_and_heals(tmp_path: Path) -> None:
    """Bites are counted, pulls fail as they must, the other node is healthy; later both are."""

    async def until(start_s: float, at_s: float) -> None:
        await asyncio.sleep(max(0.0, start_s + at_s - time.monotonic()))

    async def main() -> None:
        async with open_load_lab(tmp_path, nodes=len(NODES)) as lab:
            images = [await lab.add_image(name) for name in ("one", "two", "three")]
            orders = lab.orders(
                *rounds(lab, *images),
                until_s=UNTIL_S,
                # side by side: they meet the limit however long the first takes, too
                settings=NodeSettings(
                    registry_pull_qps=50, registry_burst=50, serialize_image_pulls=False
                ),
            )
            async with lab.load(orders) as load:
                begun_s = time.monotonic()
                cluster = EmulatedNodes(load=load, nodes=NODES)
                scoped = {}
                await until(begun_s, BEGIN_S)
                async with AsyncExitStack() as on:
                    for node, text in zip(NODES, FAULTS, strict=False):
                        fault = read_held_fault(text, nodes=2).fault
                        scope = FaultScope(
                            fault=text,
                            where=Where(nodes=(node,)),
                            chance=Chance(1, text),
                            deadline_s=begun_s + 60,
                        )
                        scoped[node] = cluster.scoped(scope)
                        await on.enter_async_context(fault.inject(seams_of(scoped[node])))
                    await until(begun_s, HEALED_S - 1)
                ended = await load.finished()
                bites = {node: (await it.bites()).count for node, it in scoped.items()}
        assert ended[1] == ""
        assert all(bites.values()), bites
        pulls = lab.rows("pulls")
        for node, cause in zip(NODES, (*FAULTS.values(), ""), strict=True):
            mine = [pull for pull in pulls if pull["node"] == node]
            failed = {pull["cause"] for pull in mine if pull["outcome"] == "failed"}
            assert failed == ({cause} if cause else set()), (node, failed)
            assert not [it for it in mine if it["pod"].startswith("before") and it["error_text"]]
        well = [pod for pod in lab.rows("pods") if pod["outcome"] == "ok"]
        for name in ("before", "after"):
            assert sum(pod["pod"].startswith(name) for pod in well) == 2 * len(NODES)
        assert {pull["node"] for pull in pulls if pull["pod"].startswith("again")} == {
            NODES[list(FAULTS).index("image_garbage_collection: {}")]
        }
        marked = {row["bitten_by"] for row in lab.rows("requests")} - {""}
        assert marked == {text for text in FAULTS if "mirror" in text or "url" in text}

    asyncio.run(main())


def test_the_load_heals_by_itself_at_the_deadline(tmp_path: Path) -> None:
    """Whoever gave the order may be dead by then."""

    async def main() -> None:
        async with open_load_lab(tmp_path, nodes=1) as lab:
            first, second = await lab.add_image("one"), await lab.add_image("two")
            during = lab.rollout(first, name="during", at_s=0.5, replicas=1)
            after = lab.rollout(second, name="after", at_s=3.0, replicas=1)
            async with lab.load(lab.orders(during, after, until_s=6.0)) as load:
                scope = FaultScope(
                    fault="f",
                    where=Where(nodes=("node-0", "clients")),
                    chance=Chance(1, "f"),
                    deadline_s=time.monotonic() + 2.5,
                )
                scoped = EmulatedNodes(load=load, nodes=("node-0",)).scoped(scope)
                async with scoped.credentials("wrong"):
                    await load.finished()
                bites = await scoped.bites()
        assert bites.count == 1
        outcomes = {pull["pod"]: pull["outcome"] for pull in lab.rows("pulls")}
        assert outcomes == {"during-1-0": "failed", "after-1-0": "ok"}

    asyncio.run(main())


def test_background_clients_have_no_disk() -> None:
    """A scope without anything to change is refused before it is tried."""
    scope = FaultScope(
        fault="f", where=Where(nodes=("clients",)), chance=Chance(1, "f"), deadline_s=0.0
    )
    load = LoadRun(makers=(), coordinator=None)
    scoped = EmulatedNodes(load=load, nodes=("node-0",)).scoped(scope)

    async def main() -> None:
        async with scoped.fill_disk(free_bytes=1):
            pass

    with pytest.raises(LookupError, match="where: background clients have no disk"):
        asyncio.run(main())
