"""Runs pytest with the harness's plugin, as another team's project does."""

import subprocess
import sys
from pathlib import Path

_LIMIT_S = 240.0  # a run inside, on a machine that may have others to do


def start_pytest(*arguments: str | Path, folder: Path) -> subprocess.Popen[str]:
    """pytest in `folder`, in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *map(str, arguments)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run_pytest(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """pytest to its end."""
    process = start_pytest(*arguments, folder=folder)
    out, _ = process.communicate(timeout=_LIMIT_S)
    return subprocess.CompletedProcess(arguments, process.returncode, out, "")
