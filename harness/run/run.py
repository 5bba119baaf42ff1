"""One run from plan to recording: environment up, load beside faults, all of it undone."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

from harness.clusters.cluster import Cluster, ClusterOptions, ClusterOrder
from harness.clusters.errors import ClusterError
from harness.clusters.providers import open_cluster
from harness.environment.canary import NotSteady, check_steady_state
from harness.environment.health import sample_health
from harness.environment.lab import EnvironmentFailed, Lab
from harness.environment.lab_settings import LabSettings, LinkKind
from harness.environment.upstream.access import UpstreamSettings
from harness.load.driver import LoadRun, start_load
from harness.plan.aborts import AbortSignal
from harness.plan.plan import Plan
from harness.process.child import ChildError, Run
from harness.process.journal import Journal
from harness.process.lock import hold
from harness.recording.compaction import compact
from harness.recording.events import (
    Aborted,
    ChildDied,
    LoadEnded,
    LoadStarted,
    LoadTally,
    RunEnded,
    RunStarted,
    SteadyStateChecked,
)
from harness.recording.recording import Recording, RecordingError, Watcher
from harness.recording.tally import AbortWatch
from harness.run.abort_signals import until_failed
from harness.run.environment import lab_settings
from harness.run.folder import describe, make_folder, writing
from harness.run.grounds import LabGrounds
from harness.run.simulation import LimitPassedError, Simulation
from harness.run.timeline import RunClock, play
from harness.run.watched_work import run_together, run_watched

# From saying when the run begins until every node lives in its process.
LOAD_LEAD_S = 0.5
LOAD_LEAD_S_A_NODE = 0.001
_WATCH_CHILDREN_S = 0.25
_WATCH_NODES_S = 3.0


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What the command line adds to a scenario."""

    reports: Path
    scenario_text: str
    command: str  # what repeats this run
    link: LinkKind
    workers: int = 1
    toxiproxy_path: str | None = None
    cache_folder: Path
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    upstream: UpstreamSettings | None = None
    watchers: tuple[Watcher, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)  # for run.json, beside what is known


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a run came to its end: finished, aborted, interrupted, environment, died or error.

    `at_s`: when, on the run's own clock.
    """

    folder: Path
    reason: str
    error: str = ""
    at_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class _Running:
    """What the parts of one run share."""

    plan: Plan
    options: RunOptions
    run: Run
    clock: RunClock
    record: Recording


class _Stopped(Exception):  # noqa: N818  not an error: how the parts of a run end one another
    def __init__(self, reason: str, error: str = "") -> None:
        super().__init__(error)
        self.reason, self.error = reason, error


async def run_plan(plan: Plan, options: RunOptions) -> Ended:
    """Carry `plan` out in a run folder of its own.

    Cancelling heals and closes everything, and is then told as an `Ended` with reason
    "interrupted". Raises RunFolderError when the disk refuses the folder, before anything starts.
    """
    run_id = secrets.token_hex(3)
    folder = make_folder(options.reports, plan.scenario, run_id)
    with hold(folder):
        clock = RunClock()
        with writing(folder):
            recording = Recording(folder, options.watchers)
            journal = Journal(folder / "journal.jsonl")
        run = Run(run_id=run_id, folder=folder, journal=journal, clock_start_s=time.monotonic())
        describe(
            folder,
            plan,
            scenario_text=options.scenario_text,
            about={"run_id": run_id, "command": options.command, "workers": options.workers}
            | dict(options.about),
        )
        try:
            recording(RunStarted(at_s=0.0, run_id=run_id, scenario=plan.scenario, seed=plan.seed))
            running = _Running(plan=plan, options=options, run=run, clock=clock, record=recording)
            carry_out = _OTHERWISE.get(plan.cluster.provider, _carry_out)
            ended = await carry_out(running)
            recording(RunEnded(at_s=ended.at_s, reason=ended.reason, error=ended.error))
        except RecordingError as error:
            ended = Ended(folder=folder, reason="recording", error=str(error))
        finally:
            with suppress(RecordingError):
                recording.close()
            run.journal.close()
        compact(folder / "samples")
    return ended


def _settings(running: _Running) -> LabSettings:
    options = running.options
    return lab_settings(
        running.plan,
        link=options.link,
        toxiproxy_path=options.toxiproxy_path,
        cache_folder=options.cache_folder,
        upstream=options.upstream,
    )


async def _simulate(running: _Running) -> Ended:
    """On a clock of its own, whose time the run's events have."""
    clock = RunClock()
    simulation = Simulation(
        plan=running.plan,
        settings=_settings(running),
        run=running.run,
        clock=clock,
        record=running.record,
    )
    reason, error = "finished", ""
    try:
        await simulation.carry_out()
    except EnvironmentFailed as failed:
        reason, error = "environment", str(failed)
    except LimitPassedError as passed:
        reason, error = "aborted", passed.aborted.reason
    except asyncio.CancelledError:
        task = asyncio.current_task()
        assert task is not None
        task.uncancel()
        reason = "interrupted"
    at_s = simulation.ended_s
    return Ended(folder=running.run.folder, reason=reason, error=error, at_s=at_s)


# Providers whose runs are not carried out by processes in real time.
_OTHERWISE: Final[Mapping[str, Callable[[_Running], Awaitable[Ended]]]] = {"simulated": _simulate}


async def _carry_out(running: _Running) -> Ended:
    run, options, settings = running.run, running.options, _settings(running)

    def ended(reason: str, error: str = "") -> Ended:
        at_s = running.clock.now_s()
        return Ended(folder=run.folder, reason=reason, error=error, at_s=at_s)

    try:
        order = ClusterOrder(
            run=run,
            plan=running.plan,
            lab=settings,
            options=options.cluster,
            record=running.record,
        )
        async with open_cluster(order) as cluster:
            await _require_steady(running, cluster.lab, "before")
            await _load_and_faults(running, cluster)
            with suppress(NotSteady):  # after the faults this is a finding, not an end
                await _require_steady(running, cluster.lab, "after")
    except (EnvironmentFailed, ChildError, ClusterError, NotSteady) as error:
        return ended("environment", str(error))
    except _Stopped as stop:
        return ended(stop.reason, stop.error)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        assert task is not None
        task.uncancel()
        return ended("interrupted")
    return ended("finished")


async def _require_steady(running: _Running, lab: Lab, when: str) -> None:
    error = ""
    try:
        await lab.registry.lift_quotas()  # to have used one up is not to be broken
        await check_steady_state(lab)
    except (NotSteady, ChildError) as broken:
        error = f"the registry is not healthy {when} the faults: {broken}"
    at_s = running.clock.now_s()
    running.record(SteadyStateChecked(at_s=at_s, ok=not error, when=when, error=error))
    if error:
        raise NotSteady(error)


async def _load_and_faults(running: _Running, cluster: Cluster) -> None:
    plan, clock, record = running.plan, running.clock, running.record
    workers, lab = running.options.workers, cluster.lab
    target = lab.target(0.0, running.run.folder / "samples")
    async with start_load(running.run, cluster.load_orders, target, workers) as load:
        clock.start(in_s=LOAD_LEAD_S + LOAD_LEAD_S_A_NODE * len(plan.load.nodes))
        await lab.registry.set_clock(clock.start_s)
        await load.begin(clock.start_s)
        record(LoadStarted(at_s=clock.now_s(), workers=workers))
        grounds = LabGrounds(lab, cluster.nodes(load))
        watch = run_together(
            sample_health(lambda: {**lab.children(), **load.children()}, clock.now_s, record),
            _watch_children(running, lab),
            _watch_nodes(running, cluster),
            _watch_tally(running, load, cluster),
            *(_watch_signal(running, one) for one in plan.abort_signals),
        )
        work = run_together(
            play(plan.faults, seed=plan.seed, grounds=grounds, clock=clock, record=record),
            _load_to_end(running, load, cluster),
        )
        await run_watched(work, watch)


async def _load_to_end(running: _Running, load: LoadRun, cluster: Cluster) -> None:
    try:
        all_ready = await cluster.roll_out(running.clock)
    except ClusterError as error:
        raise _Stopped("died", str(error)) from None
    complete, problem = await load.finished()
    complete = complete and all_ready
    running.record(LoadEnded(at_s=running.clock.now_s(), complete=complete, error=problem))
    if problem:
        raise _Stopped("died", problem)


async def _watch_tally(running: _Running, load: LoadRun, cluster: Cluster) -> None:
    watch = AbortWatch(running.plan.abort_when)
    async for counts in cluster.tallies(load):
        tally = LoadTally(at_s=running.clock.now_s(), **counts)
        running.record(tally)
        if aborted := watch.feed(tally):
            _abort(running, aborted)
    await asyncio.Event().wait()


async def _watch_signal(running: _Running, one: AbortSignal) -> None:
    _abort(running, await until_failed(one, running.clock))


def _abort(running: _Running, aborted: Aborted) -> NoReturn:
    running.record(aborted)
    raise _Stopped("aborted", aborted.reason)


async def _watch_children(running: _Running, lab: Lab) -> None:
    clock, record = running.clock, running.record
    while True:
        for name, child in lab.children().items():
            if not child.alive:
                code = child.exit_code or 0
                record(ChildDied(at_s=clock.now_s(), child=name, exit_code=code, tail=child.tail()))
                raise _Stopped(
                    "died", f"{name}: exited unexpectedly with code {code} during the run"
                )
        await asyncio.sleep(_WATCH_CHILDREN_S)


async def _watch_nodes(running: _Running, cluster: Cluster) -> None:
    """A real node that dies ends the run: what its pods would have done is unknown."""
    while True:
        for node, reason in (await cluster.dead_nodes()).items():
            at_s = running.clock.now_s()
            running.record(ChildDied(at_s=at_s, child=node, exit_code=1, tail=reason))
            await cluster.export_logs(running.run.folder / "logs" / "kind")
            raise _Stopped("died", f"{node}: {reason} during the run")
        await asyncio.sleep(_WATCH_NODES_S)
