"""The load of a simulated run: all its nodes and streams on one virtual clock."""

import asyncio
import math
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from harness.clusters.simulated.simulated_lab import SimulatedLab
from harness.clusters.simulated.simulated_network import SimulatedNetwork
from harness.clusters.simulated.simulated_node import SimulatedNode
from harness.clusters.simulated.simulated_pull import carry_out_virtually
from harness.clusters.simulated.simulated_streams import SimulatedStream, stream_of
from harness.clusters.simulated.simulated_wire import SimulatedWire
from harness.load.context import LoadContext
from harness.load.counts import Counts, SlowCounts
from harness.load.driver import LoadRun
from harness.load.node_changes import change_from
from harness.load.orders import LoadOrders, RolloutOrder
from harness.load.samples_file import SampleWriter
from harness.node.containerd import pull
from harness.node.image_store import ContentStore
from harness.recording.outcome import Outcome

_TALLY_EVERY_S: Final = 1.0


class SimulationError(Exception):
    """The simulation itself failed. One sentence."""


@dataclass(kw_only=True)
class SimulatedLoad(LoadRun):
    """`load.driver.LoadRun` without processes."""

    context: LoadContext
    network: SimulatedNetwork
    _nodes: list[SimulatedNode] = field(default_factory=list)
    _streams: list[SimulatedStream] = field(default_factory=list)
    _busy: int = 0
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> bool:
        """Live until nothing is left to do or the load is over; whether all came to its end."""
        loop = asyncio.get_running_loop()
        self._busy = len(self._nodes)
        for node in self._nodes:
            node.start()
        streams = [loop.create_task(stream.run()) for stream in self._streams]
        try:
            async with asyncio.timeout_at(self.context.orders.until_s):
                if self._busy:
                    await self._idle.wait()
                if streams:
                    await asyncio.gather(*streams)
            in_time = True
        except TimeoutError:
            in_time = False
        finally:
            for stream in streams:
                stream.cancel()
            if streams:
                await asyncio.wait(streams)
            for node in self._nodes:
                await node.stop()
            self.context.samples.flush()
        if self.network.failed:
            error = self.network.failed[0]
            raise SimulationError(f"{type(error).__name__}: {error}") from error
        counts = self.context.counts
        return in_time and counts.pods_ready == counts.pods_created

    async def order(self, do: str, **words: Any) -> None:
        """Change nodes, or restore them."""
        if do == "change":
            self.context.changes.begin(change_from(words["change"]))
        else:
            self.context.changes.end(words["name"])

    def bites(self, name: str) -> int:
        return self.context.changes.bites[name]

    async def tallies(self) -> AsyncIterator[dict[str, Any]]:
        """The counts, once a second."""
        for second in range(1, math.ceil(self.context.orders.until_s) + 1):
            await asyncio.sleep(second * _TALLY_EVERY_S - self.context.now_s())
            yield dict(self.context.counts.taken(self.context.now_s()))

    def _node_idle(self) -> None:
        self._busy -= 1
        if not self._busy:
            self._idle.set()


def simulated_load(ground: SimulatedLab, orders: LoadOrders, samples: Path) -> SimulatedLoad:
    """The load, which begins at 0 of the virtual clock."""
    context = _context(ground, orders, SampleWriter(samples, "simulated"))
    load = SimulatedLoad(makers=(), coordinator=None, context=context, network=ground.network)
    pods: dict[str, list[tuple[RolloutOrder, str]]] = defaultdict(list)
    for rollout in orders.rollouts:
        for pod in rollout.pods:
            pods[pod.node].append((rollout, pod.pod))
    load._nodes += [  # noqa: SLF001  its own maker
        SimulatedNode(
            node,
            pods[node],
            context=context,
            network=ground.network,
            on_idle=load._node_idle,  # noqa: SLF001  its own maker
        )
        for node in orders.nodes
        if node in pods
    ]
    load._streams += [stream_of(it, context, ground.network) for it in orders.streams()]  # noqa: SLF001  its own maker
    return load


async def problem_of(ground: SimulatedLab, orders: LoadOrders) -> str:
    """Why a node cannot pull the smallest image; "" when it can, or there is none."""
    if not ground.lab.images:
        return ""
    reference = min(ground.lab.images, key=lambda it: ground.lab.images[it].total_bytes)
    context = _context(ground, orders, SampleWriter(Path(), "nobody"))
    wire = SimulatedWire(node=orders.nodes[0], network=ground.network, samples=context.samples)
    rule = pull(
        reference,
        registry_url=wire.registry_url,
        credentials=context.credentials,
        content=ContentStore(),
        settings=orders.node_settings,
    )
    slots = asyncio.Semaphore(orders.node_settings.max_concurrent_downloads)
    result = (await carry_out_virtually(rule, wire, pull="canary", slots=slots)).result
    return "" if result.outcome is Outcome.OK else f"{orders.nodes[0]}: {result.error_text}"


def _context(ground: SimulatedLab, orders: LoadOrders, samples: SampleWriter) -> LoadContext:
    lab = ground.lab
    return LoadContext(
        orders=orders,
        target=replace(lab.target(0.0, Path()), endpoints={}),
        samples=samples,
        counts=Counts(slow=SlowCounts(orders.slow_limits)),
        fire=lambda *_: None,
    )
