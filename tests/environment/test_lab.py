"""A lab opens whole or not at all."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.environment import lab as module
from harness.environment.lab import EnvironmentFailed, open_lab
from harness.environment.lab_settings import LabSettings
from harness.oci.images import ImageSpec
from harness.process.child import ChildError, Run
from harness.process.journal import Journal, pending
from harness.recording.events import Event

STEPS = ("open_registry", "build", "open_resolver", "open_link")


def settings(folder: Path, **more: Any) -> LabSettings:
    given: dict[str, Any] = {
        "seed": 1,
        "nodes": ("node-0",),
        "images": (ImageSpec(name="app", size_bytes=16 << 10),),
        "images_bytes": 16 << 10,
        "link": "embedded",
        "password": "secret",
        "cache_folder": folder,
        **more,
    }
    return LabSettings(**given)


def opened(folder: Path, chosen: LabSettings) -> list[Event]:
    """Open and close a lab; the events that it recorded."""
    events: list[Event] = []

    async def main() -> None:
        journal = Journal(folder / "journal.jsonl")
        run = Run(run_id="abc", folder=folder, journal=journal, clock_start_s=time.monotonic())
        try:
            async with open_lab(run, chosen, events.append):
                pass
        finally:
            journal.close()

    asyncio.run(main())
    return events


@pytest.mark.parametrize("step", STEPS)
def test_a_room_that_cannot_be_opened_leaves_none_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whichever it is, the services before it are closed: no process, no open journal line."""

    def broken(*_: Any, **__: Any) -> AbstractAsyncContextManager[None]:
        raise ChildError(f"{step}: out of order")

    monkeypatch.setattr(module, step, broken)
    with pytest.raises(EnvironmentFailed, match=f"{step}: out of order"):
        opened(tmp_path, settings(tmp_path))
    assert psutil.Process().children(recursive=True) == []
    assert pending(tmp_path / "journal.jsonl") == []


def test_without_a_link_nodes_reach_the_gateway_directly(tmp_path: Path) -> None:
    events = opened(tmp_path, settings(tmp_path, link="none"))
    details = {getattr(event, "room", ""): getattr(event, "details", {}) for event in events}
    assert details["link"] == {"kind": "none"}


def test_more_than_the_disk_holds_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailed, match=r"need .* MiB free"):
        opened(tmp_path, settings(tmp_path, images_bytes=1 << 60))
