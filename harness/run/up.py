"""The environment alone, for other people's clients, with faults held on until it is stopped."""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.chance import Chance
from harness.clusters.cluster import Cluster, ClusterOptions, ClusterOrder
from harness.clusters.errors import ClusterError
from harness.clusters.providers import open_cluster
from harness.environment.authority import CA_FILE
from harness.environment.lab import EnvironmentFailed, Lab, LabSeams
from harness.environment.lab_settings import LabSettings, LinkKind
from harness.environment.scope import FaultScope, ScopeError
from harness.faults import Fault
from harness.load.orders import CLIENTS_NODE
from harness.plan.plan import Plan, planned_where
from harness.process.child import ChildError, Run
from harness.process.journal import Journal
from harness.process.lock import hold
from harness.recording.events import RunEnded, RunStarted
from harness.recording.recording import Recording, Watcher
from harness.run.folder import make_folder, writing
from harness.run.timeline import FaultId, RunClock, injected
from harness.scenario import read_held_fault
from harness.scenario.fault_support import FaultSupport, logins_of
from harness.seams import Where

# A held fault has no planned end; its service forgets it after this long without the harness.
_HELD_S = 7 * 24 * 3600.0
_WATCH_S = 0.25


# The environment when no scenario is given: one image, nothing else of interest.
DEFAULT_SCENARIO = """\
name: up
summary: An environment for your own client.
images:
  app: {size: 16MiB, layers: 4}
load:
  rollouts: [{name: app, image: app, replicas: 1}]
"""


@dataclass(frozen=True, kw_only=True)
class HeldFault:
    """A fault that is on for as long as the environment is."""

    word: str
    fault: Fault
    where: Where


def held_fault(text: str, plan: Plan, link: LinkKind) -> HeldFault:
    """The fault that `text` says, as `latency: {delay: 200ms}`, in the environment of `plan`.

    Raises ScenarioError, and ValueError for a fault that no seam of this environment can carry.
    """
    nodes = len(plan.load.nodes)
    entry = read_held_fault(text, nodes)
    support = FaultSupport(
        link=link,
        provider=plan.registry.provider,
        tls=plan.registry.tls,
        logins=logins_of(plan.registry.provider, plan.registry.auth, plan.registry.profile),
        cluster=plan.cluster.provider,
        clients_only=True,
    )
    for problem in support.problems(entry.fault):
        raise ValueError(f"--fault {entry.word}: {problem}")
    return HeldFault(word=entry.word, fault=entry.fault, where=planned_where(entry, nodes))


@dataclass(frozen=True, kw_only=True)
class UpOptions:
    """What to stand up: `plan` says who pulls, `cluster` how a real one is made."""

    plan: Plan
    reports: Path
    faults: tuple[HeldFault, ...] = ()
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    watchers: tuple[Watcher, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Standing:
    """An open environment, and the recording of what is held on in it."""

    cluster: Cluster
    folder: Path
    plan: Plan
    clock: RunClock
    recording: Recording

    @property
    def lab(self) -> Lab:
        return self.cluster.lab

    @asynccontextmanager
    async def holding(self, held: HeldFault, step: str) -> AsyncIterator[LabSeams]:
        """Hold a fault on until the block is left; what is yielded tells its bites."""
        scope = FaultScope(
            fault=step,
            where=held.where,
            chance=Chance(self.plan.seed, step),
            deadline_s=self.clock.start_s + _HELD_S,
        )
        scoped = self.lab.scoped(held.fault.seams_needed(), scope)
        fault = held.fault.in_words_of(self.lab.settings.registry.profile)
        about = FaultId(fault=step, word=held.word, occurrence=1)
        async with injected(fault, scoped, about, self.clock, self.recording):
            yield scoped

    async def until_a_child_dies(self) -> None:
        """Raise EnvironmentFailed as soon as a service has ended by itself."""
        while True:
            for name, child in self.lab.children().items():
                if not child.alive:
                    code = child.exit_code
                    raise EnvironmentFailed(f"{name}: exited unexpectedly with code {code}")
            await asyncio.sleep(_WATCH_S)


@asynccontextmanager
async def standing(settings: LabSettings, options: UpOptions) -> AsyncIterator[Standing]:
    """Open the environment in a run folder of its own until the block is left.

    Raises EnvironmentFailed when it cannot be set up, RunFolderError when the disk refuses.
    """
    run_id = secrets.token_hex(3)
    plan = options.plan
    folder = make_folder(options.reports, plan.scenario, run_id)
    clock = RunClock()
    with hold(folder):
        with writing(folder):
            recording = Recording(folder, options.watchers)
            journal = Journal(folder / "journal.jsonl")
        run = Run(run_id=run_id, folder=folder, journal=journal, clock_start_s=time.monotonic())
        recording(RunStarted(at_s=0.0, run_id=run_id, scenario=plan.scenario, seed=plan.seed))
        try:
            order = ClusterOrder(
                run=run, plan=plan, lab=settings, options=options.cluster, record=recording
            )
            async with open_cluster(order) as cluster:
                clock.start()
                await cluster.lab.registry.set_clock(clock.start_s)
                yield Standing(
                    cluster=cluster,
                    folder=folder,
                    plan=plan,
                    clock=clock,
                    recording=recording,
                )
        except (ChildError, ClusterError) as error:
            raise EnvironmentFailed(str(error)) from error
        finally:
            recording(RunEnded(at_s=clock.now_s(), reason="finished"))
            recording.close()
            journal.close()


async def stand(
    settings: LabSettings, options: UpOptions, announce: Callable[[dict[str, Any]], None]
) -> None:
    """Open the environment, inject the faults, announce it, and hold it until cancelled.

    Raises EnvironmentFailed when it cannot be set up or a service of it ends by itself.
    """
    try:
        async with standing(settings, options) as up, AsyncExitStack() as held_on:
            for number, held in enumerate(options.faults, start=1):
                await _hold_on(held_on, up.holding(held, f"{held.word}-{number}"))
            announce(description(up.cluster, up.folder))
            await up.until_a_child_dies()
    except asyncio.CancelledError:  # being stopped is how this ends
        task = asyncio.current_task()
        assert task is not None
        task.uncancel()


async def _hold_on(stack: AsyncExitStack, holding: AbstractAsyncContextManager[Any]) -> None:
    try:
        await stack.enter_async_context(holding)
    except ScopeError as error:
        raise EnvironmentFailed(f"--fault: {error}") from error


def description(cluster: Cluster, folder: Path) -> dict[str, Any]:
    """What a client needs to know: one object, stable keys."""
    lab = cluster.lab
    address = f"{lab.address}:{lab.ports[CLIENTS_NODE]}"
    settings = lab.settings
    return {
        "registry": {
            "url": f"{lab.registry.scheme}://{address}",
            "direct_url": lab.registry.direct_url,
            "ca_file": str(folder / CA_FILE) if settings.registry.tls else None,
        },
        "link": {
            "kind": "none" if lab.link is None else lab.link.kind,
            "control_url": None if lab.link is None else lab.link.control_url,
        },
        "resolver": {"address": f"{lab.resolver.address}:{lab.resolver.ports[CLIENTS_NODE]}"},
        "credentials": (
            asdict(settings.account)
            if settings.registry.auth == "token" and settings.provider != "external"
            else None  # the user's own login is not shown
        ),
        "images": {
            reference.split("/", 1)[1]: {"digest": image.digest, "bytes": image.total_bytes}
            for reference, image in lab.images.items()
        },
        "cluster": cluster.description(),
        "run_folder": str(folder),
        "pid": os.getpid(),
    }
