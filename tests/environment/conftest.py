"""A run that services are started for."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from harness.process.child import Run
from harness.process.journal import Journal


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with closing(Journal(tmp_path / "journal.jsonl")) as journal:
        yield Run(run_id="r1", folder=tmp_path, journal=journal, clock_start_s=time.monotonic())
