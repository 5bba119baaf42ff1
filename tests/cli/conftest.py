"""One brief run for all that only read what a run leaves."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.program import brief, harness, run_folder


@dataclass(frozen=True, kw_only=True)
class BriefRun:
    """`home` is where it was started; `folder` its own. Change a copy of `home` only."""

    home: Path
    done: subprocess.CompletedProcess[str]

    @property
    def folder(self) -> Path:
        return run_folder(self.home)


@pytest.fixture(scope="session")
def brief_run(tmp_path_factory: pytest.TempPathFactory) -> BriefRun:
    """Tests that take it are of the group "brief run", so that one worker makes it."""
    home = tmp_path_factory.mktemp("brief_run")
    return BriefRun(home=home, done=harness("run", brief(home), folder=home))
