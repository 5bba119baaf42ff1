"""The steady state: a lab that is whole passes, one that is broken is named."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from harness.chance import Chance
from harness.environment.canary import NotSteady, check_steady_state
from harness.environment.lab import Lab, open_lab
from harness.environment.lab_settings import LabSettings
from harness.environment.registry_settings import RegistrySettings
from harness.environment.scope import FaultScope
from harness.oci.images import ImageSpec
from harness.process.child import Run
from harness.process.journal import Journal
from harness.recording.events import Event
from harness.scenario import read_held_fault
from harness.seams import Where

APP = ImageSpec(name="app", size_bytes=64 << 10, layers=2)


@asynccontextmanager
async def small_lab(
    folder: Path, *, tls: bool = False, images: tuple[ImageSpec, ...] = (APP,)
) -> AsyncIterator[Lab]:
    journal = Journal(folder / "journal.jsonl")
    run = Run(run_id="abc", folder=folder, journal=journal, clock_start_s=time.monotonic())
    settings = LabSettings(
        seed=1,
        nodes=("node-0", "node-1"),
        images=images,
        images_bytes=64 << 10,
        link="embedded",
        registry=RegistrySettings(tls=tls),
        password="secret",
        cache_folder=folder,
    )
    events: list[Event] = []
    async with open_lab(run, settings, events.append) as lab:
        yield lab
    journal.close()


async def not_steady(lab: Lab, text: str, said: str) -> None:
    """While the fault in `text` is on, the check says `said`."""
    fault = read_held_fault(text, nodes=2).fault
    scope = FaultScope(
        fault="held-1",
        where=Where(),
        chance=Chance(1, "held-1"),
        deadline_s=time.monotonic() + 60,
    )
    async with fault.inject(lab.scoped(fault.seams_needed(), scope).seams):
        with pytest.raises(NotSteady, match=said):
            await check_steady_state(lab)


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_a_lab_that_is_whole_is_steady_and_a_broken_one_says_where(
    tmp_path: Path, *, tls: bool
) -> None:
    """Each fault that would spoil every measurement is seen before the first one is injected."""
    over_tls = {"expired_certificate:": "certificate has expired"}
    broken = {
        "connection_refused:": "node-",
        "dns_wrong_address:": "resolves to",
        "dns_nxdomain:": "resolves to nothing",
        "expired_credentials: {mode: secret}": "GET /token: 401",
        "corrupted_blob: {on: rest}": "content is sha256:",
        **(over_tls if tls else {}),
    }

    async def main() -> None:
        async with small_lab(tmp_path, tls=tls) as lab:
            await check_steady_state(lab)
            for text, said in broken.items():
                await not_steady(lab, text, said)
            await check_steady_state(lab)

    asyncio.run(main())


def test_a_lab_without_images_is_steady_when_nodes_are_let_in(tmp_path: Path) -> None:
    """A run that only pushes builds nothing that a node could pull."""

    async def main() -> None:
        async with small_lab(tmp_path, images=()) as lab:
            await check_steady_state(lab)
            await not_steady(lab, "expired_credentials: {mode: secret}", "GET /token: 401")

    asyncio.run(main())
