"""Starts Locust's processes, hears from them, and says how the load ended."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from harness.load.counts import together
from harness.load.order_codec import orders_json
from harness.load.orders import LoadOrders, LoadTarget
from harness.process.child import Child, Run, free_port, start_child
from harness.process.child_control import ChildGoneError, ControlChannel

_READY_S = 30.0
_MODULE = "harness.load.users"


@dataclass(kw_only=True)
class LoadRun:
    """A load under way: `makers` make it, the coordinator (Locust's master) only with several."""

    makers: tuple[Child, ...]
    coordinator: Child | None
    _counts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _news: asyncio.Queue[None] = field(default_factory=asyncio.Queue)
    _ends: dict[str, tuple[bool, str]] = field(default_factory=dict)
    _hearing: list[asyncio.Task[None]] = field(default_factory=list)
    _bites: dict[str, Mapping[str, int]] = field(default_factory=dict)
    _channels: dict[str, ControlChannel] = field(default_factory=dict)

    def children(self) -> dict[str, Child]:
        """The processes by name."""
        everyone = (*self.makers, *((self.coordinator,) if self.coordinator else ()))
        return {child.name: child for child in everyone}

    async def begin(self, clock_start_s: float) -> None:
        """Let the run begin then, on the monotonic clock: every process is ready and waits."""
        for child in self.children().values():
            await child.send({"do": "begin", "clock_start_s": clock_start_s})

    async def tallies(self) -> AsyncIterator[dict[str, Any]]:
        """The counts of all makers together, about once a second; lateness is the worst one's."""
        while True:
            await self._news.get()
            yield self.counts()

    def counts(self) -> dict[str, Any]:
        """The latest of all makers together."""
        return together(list(self._counts.values()))

    async def finished(self) -> tuple[bool, str]:
        """Whether everything that was ordered came to its end, and what went wrong by itself."""
        await asyncio.gather(*self._hearing)
        errors = [error for _, error in self._ends.values() if error]
        if self.coordinator is not None and not self.coordinator.alive:
            errors.append(_died(self.coordinator))
        complete = all(complete for complete, _ in self._ends.values()) and not errors
        return complete, "; ".join(errors)

    async def order(self, do: str, **words: Any) -> None:
        """Send an order to every maker and wait until each has obeyed; one that is gone need not.

        Raises ChildError for a maker that is silent.
        """
        sent = []
        for maker, channel in self._channels.items():  # at once, before anybody is waited for
            with suppress(ChildGoneError):
                sent.append((maker, await channel.send(do, **words)))
        for maker, order in sent:
            with suppress(ChildGoneError):
                answer = await self._channels[maker].answer_to(do, order)
                self._bites[maker] = answer["bites"]

    def bites(self, name: str) -> int:
        """How often the change of nodes of this name made a difference, as far as is known."""
        return sum(counts.get(name, 0) for counts in self._bites.values())

    async def stop(self) -> None:
        """Ask every process to end; what is open is written down as unfinished."""
        for child in self.children().values():
            await child.send({"do": "stop"})

    async def hear(self, child: Child) -> None:
        """Take in what one maker says, until it is done or gone."""
        name = child.name
        channel = ControlChannel(name, on_message=lambda message: self._take(name, message))
        self._channels[name] = channel
        await channel.hear(child)
        if name not in self._ends:
            await child.process.wait()
            self._ends[name] = (False, _died(child))

    def _take(self, maker: str, message: Mapping[str, Any]) -> bool:
        """Whether that was its last message."""
        if "tally" in message:
            self._counts[maker], self._bites[maker] = message["tally"], message["bites"]
            if maker == next(it.name for it in self.makers if it.name not in self._ends):
                self._news.put_nowait(None)
        elif "done" in message:
            self._ends[maker] = (message["done"]["complete"], message["done"]["error"])
        return maker in self._ends


def _died(child: Child) -> str:
    output = child.tail(1)
    return (
        f"{child.name}: exited unexpectedly with code {child.exit_code}{output and f': {output}'}"
    )


@asynccontextmanager
async def start_load(
    run: Run, orders: LoadOrders, target: LoadTarget, workers: int
) -> AsyncIterator[LoadRun]:
    """Make the load ready, in one process or in `workers`; `begin` sets it going.

    The orders go to `load.json` in the run folder; the target, which holds a secret, by stdin.
    Leaving ends the processes. Raises ChildError when one cannot be started.
    """
    path = run.folder / "load.json"
    path.write_text(orders_json(orders), encoding="utf-8")
    config = {"orders_path": str(path), "target": asdict(target), "workers": workers}
    async with AsyncExitStack() as stack:

        async def start(name: str, **part: Any) -> Child:
            argv = (sys.executable, "-m", _MODULE)
            return await stack.enter_async_context(
                start_child(run, name, argv, config={**config, **part}, ready_timeout_s=_READY_S)
            )

        coordinator = None
        if workers == 1:
            makers = [await start("load", role="local")]
        else:
            port = free_port()
            coordinator, *makers = await asyncio.gather(
                start("load-master", role="master", master_port=port),
                *(
                    start(f"load-{index + 1}", role="worker", index=index, master_port=port)
                    for index in range(workers)
                ),
            )
        load = LoadRun(makers=tuple(makers), coordinator=coordinator)
        load._hearing.extend(asyncio.ensure_future(load.hear(child)) for child in makers)  # noqa: SLF001  its own maker
        await asyncio.sleep(0)  # they are heard from now on
        try:
            yield load
        finally:
            for hearing in load._hearing:  # noqa: SLF001  its own maker
                hearing.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*load._hearing, return_exceptions=True)  # noqa: SLF001  its own maker
