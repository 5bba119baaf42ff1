"""The reference registry as a room of a run: started, filled through the gateway, and gone."""

import asyncio
import time
from contextlib import closing
from pathlib import Path

import httpx
import psutil
import pytest

from harness.environment.upstream.access import UpstreamSettings
from harness.environment.upstream.distribution import open_distribution
from harness.environment.upstream.service import open_upstream
from harness.oci.images import DirectorySink, ImageSpec, build
from harness.oci.media_types import CONTAINERD_ACCEPT
from harness.process.child import ChildError, Run
from harness.process.journal import Journal, pending
from tests.distribution import require_distribution


def make_run(folder: Path, journal: Journal) -> Run:
    return Run(run_id="r00m", folder=folder, journal=journal, clock_start_s=time.monotonic())


@pytest.mark.distribution
def test_it_is_started_filled_and_ended(tmp_path: Path) -> None:
    """Under the scenario's own tags: it is the run's alone."""
    program = require_distribution()
    settings = UpstreamSettings(provider="distribution", program=program)

    async def main(journal: Journal) -> None:
        root = tmp_path / "registry"
        async with open_upstream(make_run(tmp_path, journal), settings, root) as room:
            assert room.child is not None
            process = psutil.Process(room.child.pid)
            built = build(ImageSpec(name="app", size_bytes=1 << 20), DirectorySink(root))
            assert await room.images.push(built, "app", "v1") == "v1"
            headers = {"Accept": ", ".join(CONTAINERD_ACCEPT)}
            async with httpx.AsyncClient(trust_env=False, headers=headers) as client:
                found = await client.get(f"{room.url}/v2/app/manifests/v1")
            assert found.headers["docker-content-digest"] == built.digest
        assert not process.is_running()

    with closing(Journal(tmp_path / "journal.jsonl")) as journal:
        asyncio.run(main(journal))
    assert pending(tmp_path / "journal.jsonl") == []


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'level=fatal msg=\"no such storage\"' >&2; exit 1", "no such storage"),
        ("exit 0", "no output"),
    ],
)
def test_one_that_does_not_start_is_reported_with_its_own_words(
    tmp_path: Path, script: str, said: str
) -> None:
    program = tmp_path / "registry-program"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)

    async def main(journal: Journal) -> None:
        with pytest.raises(ChildError, match=f"distribution: ended before it was ready: .*{said}"):
            async with open_distribution(make_run(tmp_path, journal), program, tmp_path / "root"):
                raise AssertionError("it stands")

    with closing(Journal(tmp_path / "journal.jsonl")) as journal:
        asyncio.run(main(journal))
    assert pending(tmp_path / "journal.jsonl") == []
