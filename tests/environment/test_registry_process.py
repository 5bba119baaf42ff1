"""The registry's process dies and comes back, stands still and goes on."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import httpx
import psutil
import pytest

from harness.chance import Chance
from harness.environment.registry import RegistryPlace, RegistryService, open_registry
from harness.environment.registry_settings import RegistrySettings
from harness.environment.scope import FaultScope
from harness.oci.images import DirectorySink, ImageSpec, build
from harness.process.child import ChildError, Run
from harness.process.journal import Journal, pending
from harness.run.recover import recover
from harness.seams import Delay, RequestKind, Where

SPEC = ImageSpec(name="app", size_bytes=1 << 16, layers=2, seed=1)


def new_run(folder: Path, journal: Journal) -> Run:
    return Run(
        run_id=folder.name.rpartition("-")[2],
        folder=folder,
        journal=journal,
        clock_start_s=time.monotonic(),
    )


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[RegistryService]:
    """A registry that holds one image, in a run folder of its own."""
    with closing(Journal(folder / "journal.jsonl")) as journal:
        async with open_registry(
            new_run(folder, journal),
            RegistrySettings(auth="none"),
            RegistryPlace(nodes=("n0", "n1")),
        ) as service:
            image = build(SPEC, DirectorySink(service.root))
            await service.add_image(image, "app", "v1")
            await service.set_clock(time.monotonic())
            yield service
    assert pending(folder / "journal.jsonl") == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "20260101T000000Z-a1b2c3"
    made.mkdir()
    return made


def scope(fault: str = "f-1", where: Where | None = None) -> FaultScope:
    return FaultScope(
        fault=fault,
        where=where or Where(),
        chance=Chance(1, fault),
        deadline_s=time.monotonic() + 60,
    )


def is_down(service: RegistryService) -> bool:
    return service.process.is_down


async def manifest(service: RegistryService, node: str = "n0") -> int:
    """The status of the image's manifest, as that node asks for it."""
    url = f"http://127.0.0.1:{service.ports[node]}/v2/app/manifests/v1"
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        return (await client.get(url)).status_code


def test_a_crashed_registry_comes_back_with_ports_content_and_places(folder: Path) -> None:
    """Nobody is there meanwhile; afterwards a rule still knows which layer is which."""

    async def main() -> None:
        async with opened(folder) as service:
            before, ports = service.child.pid, dict(service.ports)
            process = service.scoped_process(scope())
            async with process.crashed():
                assert is_down(service)
                assert not psutil.pid_exists(before)
                with pytest.raises(httpx.ConnectError):
                    await manifest(service)
                with pytest.raises(ChildError, match="has ended"):
                    await service.write_records()
                with pytest.raises(ChildError, match="another fault has killed"):
                    await service.scoped_process(scope("f-2")).crashed().__aenter__()
                assert is_down(service)
            assert not is_down(service)
            assert service.child.pid != before
            assert [await manifest(service, node) for node in ports] == [200, 200]
            assert (await process.bites()).count is None
            gateway = service.gateway(scope("f-3", Where(layers=(1,))))
            digest = build(SPEC, DirectorySink(service.root)).platforms[0].layers[1].digest
            url = f"http://127.0.0.1:{ports['n0']}/v2/app/blobs/{digest}"
            async with (
                gateway.rule(Delay(first_byte_s=0.01), kinds=(RequestKind.BLOB,)),
                httpx.AsyncClient(trust_env=False, timeout=20) as client,
            ):
                assert (await client.get(url)).headers["harness-bitten-by"] == "f-3"
            assert (await gateway.bites()).count == 1

    asyncio.run(main())


@pytest.mark.parametrize("ending", ["error", "cancel", "two cancels"])
def test_it_is_started_again_whatever_ends_the_fault(folder: Path, ending: str) -> None:
    """And lets the ending through."""

    async def main() -> None:
        async with opened(folder) as service:

            async def holding() -> None:
                async with service.scoped_process(scope()).crashed():
                    if ending == "error":
                        raise LookupError("mine")
                    await asyncio.Event().wait()

            task = asyncio.ensure_future(holding())
            if ending != "error":
                async with asyncio.timeout(20):
                    while not is_down(service):  # noqa: ASYNC110  another task's state
                        await asyncio.sleep(0.01)
                task.cancel()
            if ending == "two cancels":
                await asyncio.sleep(0)  # it starts again now
                task.cancel()
            with pytest.raises(LookupError if ending == "error" else asyncio.CancelledError):
                await task
            assert await manifest(service) == 200

    asyncio.run(main())


def test_a_paused_registry_answers_when_it_goes_on(folder: Path) -> None:
    """Connections open meanwhile, and what was asked is answered after the heal."""

    async def main() -> None:
        async with opened(folder) as service:
            async with service.scoped_process(scope()).paused():
                assert psutil.Process(service.child.pid).status() == psutil.STATUS_STOPPED
                asking = asyncio.ensure_future(manifest(service))
                await asyncio.wait([asking], timeout=0.3)
                assert not asking.done()
            assert await asking == 200

    asyncio.run(main())


def test_recover_lets_go_on_what_a_killed_harness_had_stopped(folder: Path) -> None:
    """Only a process of that run; afterwards the record is crossed out."""

    async def main() -> None:
        async with opened(folder) as service:
            pid = service.child.pid
            with closing(Journal(folder / "other.jsonl")) as journal:
                undo = {"kind": "continue_process", "run_id": "a1b2c3", "pid": pid}
                journal.record(undo)
            os.kill(pid, signal.SIGSTOP)
            left = folder.parent / "left-a1b2c3"
            left.mkdir()
            (folder / "other.jsonl").rename(left / "journal.jsonl")
            (done,) = await asyncio.to_thread(recover, left)
            assert (done.text, done.failed) == (f"process {pid}: goes on", False)
            assert await manifest(service) == 200
            foreign = {"id": "1", "undo": {**undo, "run_id": "ffffff"}}
            (left / "journal.jsonl").write_text(json.dumps(foreign) + "\n")
            (refused,) = await asyncio.to_thread(recover, left)
            assert refused.failed
            assert "run_id: the one in the folder's name" in refused.text

    asyncio.run(main())
