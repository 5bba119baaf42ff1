"""The cluster that the tests of this folder share."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from harness.clusters.kind.creation import open_kind
from harness.process.child import Run
from harness.process.journal import pending
from harness.run.recover import recover
from tests.cluster_lab import (
    NODES,
    RUN_ID,
    Standing,
    containers_of,
    kind_settings,
    make_run,
    require_cluster,
)


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """One cluster for all tests that do not make one."""
    require_cluster()
    reports = tmp_path_factory.mktemp("reports")

    async def make(run: Run) -> str:
        async with open_kind(run, replace(kind_settings(NODES), keep=True)) as room:
            assert room.made
            return room.name

    with make_run(reports, RUN_ID) as run:
        name = asyncio.run(make(run))
        assert pending(run.folder / "journal.jsonl") == []
        try:
            yield Standing(name=name, reports=reports)
        finally:
            undo = {"kind": "delete_kind_cluster", "run_id": RUN_ID, "engine": "docker"}
            run.journal.record({**undo, "name": name})
            [deleted] = recover(run.folder)
            assert deleted.text == f"cluster {name}: deleted"
            assert containers_of(name) == []
