"""One run on simulated nodes: the same timeline, events and samples, on a virtual clock."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.clusters.emulated.emulated_nodes import EmulatedNodes
from harness.clusters.simulated.simulated_lab import SimulatedLab, open_simulated_lab
from harness.clusters.simulated.simulated_load import SimulatedLoad, problem_of, simulated_load
from harness.clusters.simulated.virtual_loop import VirtualLoop
from harness.environment.lab import EnvironmentFailed
from harness.environment.lab_settings import LabSettings
from harness.plan.plan import Plan
from harness.process.child import Run
from harness.process.clock import clock_of
from harness.recording.events import (
    Aborted,
    Event,
    LoadEnded,
    LoadStarted,
    LoadTally,
    SteadyStateChecked,
)
from harness.recording.tally import AbortWatch
from harness.run.grounds import LabGrounds
from harness.run.timeline import RunClock, play
from harness.run.watched_work import run_together, run_watched


class LimitPassedError(Exception):
    """An `abort_when` limit ended the run."""

    def __init__(self, aborted: Aborted) -> None:
        super().__init__(aborted.metric)
        self.aborted = aborted


@dataclass(kw_only=True)
class Simulation:
    """What the parts of a simulated run share. `clock` is the run's, on virtual time."""

    plan: Plan
    settings: LabSettings
    run: Run
    clock: RunClock
    record: Callable[[Event], None]
    ended_s: float = 0.0
    _task: "asyncio.Task[None] | None" = None

    async def carry_out(self) -> None:
        """Run to the end, in a thread.

        Cancelled, it undoes everything first. Raises EnvironmentFailed, LimitPassedError.
        """
        loop = VirtualLoop()
        thread = asyncio.ensure_future(asyncio.to_thread(self._in_thread, loop))
        try:
            await asyncio.shield(thread)
        except asyncio.CancelledError:
            loop.call_soon_threadsafe(self._stop)
            await asyncio.wait([thread])
            raise

    def _in_thread(self, loop: VirtualLoop) -> None:
        with clock_of(loop.time):  # before there is a task, which lives in this context
            self._task = loop.create_task(self._main())
            try:
                loop.run_until_complete(self._task)
            finally:
                self.ended_s = self.clock.now_s()
                loop.close()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _main(self) -> None:
        async with open_simulated_lab(self.run, self.settings, self.record) as ground:
            await self._require_steady(ground, "before")
            await self._load_and_faults(ground)
            await self._require_steady(ground, "after")

    async def _load_and_faults(self, ground: SimulatedLab) -> None:
        load = simulated_load(ground, self.plan.load, self.run.folder / "samples")
        now_s = asyncio.get_running_loop().time()
        await asyncio.sleep(-now_s)  # the run begins at 0
        self.clock.start()
        await ground.lab.registry.set_clock(self.clock.start_s)
        self.record(LoadStarted(at_s=0.0, workers=1))
        nodes = EmulatedNodes(load=load, nodes=self.plan.load.nodes)
        work = run_together(
            play(
                self.plan.faults,
                seed=self.plan.seed,
                grounds=LabGrounds(ground.lab, nodes),
                clock=self.clock,
                record=self.record,
            ),
            self._load_to_end(load),
        )
        await run_watched(work, self._watch_tally(load))

    async def _load_to_end(self, load: SimulatedLoad) -> None:
        complete = await load.run()
        counts: dict[str, Any] = load.context.counts.taken(self.clock.now_s())
        self.record(LoadTally(at_s=self.clock.now_s(), **counts))
        self.record(LoadEnded(at_s=self.clock.now_s(), complete=complete))

    async def _watch_tally(self, load: SimulatedLoad) -> None:
        watch = AbortWatch(self.plan.abort_when)
        async for counts in load.tallies():
            tally = LoadTally(at_s=self.clock.now_s(), **counts)
            self.record(tally)
            if aborted := watch.feed(tally):
                self.record(aborted)
                raise LimitPassedError(aborted)
        await asyncio.Event().wait()

    async def _require_steady(self, ground: SimulatedLab, when: str) -> None:
        await ground.lab.registry.lift_quotas()
        problem = await problem_of(ground, self.plan.load)
        error = f"the registry is not healthy {when} the faults: {problem}" if problem else ""
        at_s = self.clock.now_s()
        self.record(SteadyStateChecked(at_s=at_s, ok=not error, when=when, error=error))
        if error and when == "before":
            raise EnvironmentFailed(error)
