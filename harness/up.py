"""The environment alone, for other people's clients, with faults held on until it is stopped."""

import asyncio
import os
import secrets
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.chance import Chance
from harness.child import ChildError, Run
from harness.environment.lab import EnvironmentFailed, Lab, LabSettings, open_lab
from harness.environment.scope import FaultScope
from harness.events import FaultInjected, RunEnded, RunStarted
from harness.faults import Fault
from harness.journal import Journal
from harness.load.orders import CLIENTS_NODE
from harness.recording import Recording, Watcher
from harness.run_folder import make_folder, writing
from harness.run_lock import hold
from harness.seams import Where
from harness.timeline import RunClock

# A held fault has no planned end; its service forgets it after this long without the harness.
_HELD_S = 7 * 24 * 3600.0
_WATCH_S = 0.25


@dataclass(frozen=True, kw_only=True)
class HeldFault:
    """A fault that is on for as long as the environment is."""

    word: str
    fault: Fault
    where: Where


@dataclass(frozen=True, kw_only=True)
class UpOptions:
    name: str
    seed: int
    reports: Path
    faults: tuple[HeldFault, ...]
    watchers: tuple[Watcher, ...] = ()


async def stand(
    settings: LabSettings, options: UpOptions, announce: Callable[[dict[str, Any]], None]
) -> None:
    """Open the environment, inject the faults, announce it, and hold it until cancelled.

    Raises EnvironmentFailed when it cannot be set up or a service of it ends by itself.
    """
    run_id = secrets.token_hex(3)
    folder = make_folder(options.reports, options.name, run_id)
    clock = RunClock()
    with hold(folder):
        with writing(folder):
            recording = Recording(folder, options.watchers)
            journal = Journal(folder / "journal.jsonl")
        run = Run(run_id=run_id, folder=folder, journal=journal, clock_start_s=time.monotonic())
        recording(RunStarted(at_s=0.0, run_id=run_id, scenario=options.name, seed=options.seed))
        try:
            async with AsyncExitStack() as stack:
                lab = await stack.enter_async_context(open_lab(run, settings, recording))
                clock.start()
                await lab.registry.set_clock(clock.start_s)
                for number, held in enumerate(options.faults, start=1):
                    chance = Chance(options.seed, f"{held.word}-{number}")
                    await _inject(stack, lab, held, chance, clock)
                    recording(_injected(held, chance.step, clock.now_s()))
                announce(description(lab, folder))
                await _until_a_child_dies(lab)
        except asyncio.CancelledError:  # being stopped is how this ends
            task = asyncio.current_task()
            assert task is not None
            task.uncancel()
        except ChildError as error:
            raise EnvironmentFailed(str(error)) from error
        finally:
            recording(RunEnded(at_s=clock.now_s(), reason="finished"))
            recording.close()
            journal.close()


async def _inject(
    stack: AsyncExitStack, lab: Lab, held: HeldFault, chance: Chance, clock: RunClock
) -> None:
    scope = FaultScope(
        fault=chance.step, where=held.where, chance=chance, deadline_s=clock.start_s + _HELD_S
    )
    scoped = lab.scoped(held.fault.seams_needed(), scope)
    await stack.enter_async_context(held.fault.inject(scoped.seams, chance))


def _injected(held: HeldFault, fault: str, at_s: float) -> FaultInjected:
    return FaultInjected(at_s=at_s, fault=fault, word=held.word, occurrence=1, planned_s=at_s)


async def _until_a_child_dies(lab: Lab) -> None:
    while True:
        for name, child in lab.children().items():
            if not child.alive:
                raise EnvironmentFailed(f"{name}: ended by itself with code {child.exit_code}")
        await asyncio.sleep(_WATCH_S)


def description(lab: Lab, folder: Path) -> dict[str, Any]:
    """What a client needs to know: one object, stable keys."""
    address = f"127.0.0.1:{lab.ports[CLIENTS_NODE]}"
    settings = lab.settings
    return {
        "registry": {"url": f"http://{address}", "direct_url": lab.registry.direct_url},
        "link": {
            "kind": "none" if lab.link is None else lab.link.kind,
            "control_url": None if lab.link is None else lab.link.control_url,
        },
        "resolver": {"address": f"127.0.0.1:{lab.resolver.ports[CLIENTS_NODE]}"},
        "credentials": (
            {"username": settings.username, "password": settings.password}
            if settings.auth == "token"
            else None
        ),
        "images": {
            reference.split("/", 1)[1]: {"digest": image.digest, "bytes": image.total_bytes}
            for reference, image in lab.images.items()
        },
        "run_folder": str(folder),
        "pid": os.getpid(),
    }
