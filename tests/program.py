"""Runs `harness` as a user does, and sees what it leaves behind."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import chdir, suppress
from pathlib import Path
from typing import Any

import psutil
from typer.testing import CliRunner

from harness.cli import app

LIMIT_S = 180.0  # workers share the machine: longer than any of this takes on two busy cores

# Two nodes and four seconds: the environment, a fault that bites, and a verdict.
BRIEF = """\
name: brief
seed: 3
environment: {link: embedded, cluster: {nodes: 2}}
images:
  app: {size: 256KiB, layers: 2}
load:
  rollouts:
    - {name: app, image: app, replicas: 2, at: 0s, repeat: 3, every: 1s}
  pulls:
    - {image: app, rate: 5/s, users: 4, for: 3s}
faults:
  - FAULT
    at: 1s
    for: 1s
expect:
  - EXPECTATION
"""


def brief(
    folder: Path,
    fault: str = "latency: {delay: 20ms}",
    expectation: str = "{metric: pods_ready, at_least: 100%}",
    **replaced: str,
) -> Path:
    """A short scenario in `folder`; `replaced` are texts to put for others."""
    text = BRIEF.replace("FAULT", fault).replace("EXPECTATION", expectation)
    for old, new in replaced.items():
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "brief.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def start(*arguments: str | Path, folder: Path) -> subprocess.Popen[str]:
    """`harness` in a session of its own, as from another terminal."""
    paths = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-m", "harness", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def harness(
    *arguments: str | Path, folder: Path, limit_s: float = LIMIT_S
) -> subprocess.CompletedProcess[str]:
    """`harness` to its end."""
    process = start(*arguments, folder=folder)
    out, err = process.communicate(timeout=limit_s)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def verb(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """`harness` in this process: for what reads, writes or refuses and starts nothing.

    An interpreter of its own takes longer to start than most such verbs take.
    """
    with chdir(folder):
        ended = CliRunner().invoke(app, [*map(str, arguments)])
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return subprocess.CompletedProcess(arguments, ended.exit_code, ended.stdout, ended.stderr)


def run_folder(folder: Path) -> Path:
    """The only run folder below `folder`/reports."""
    (found,) = (folder / "reports").glob("*/*")
    return found


def events(folder: Path) -> list[dict[str, Any]]:
    """The facts that the run has recorded so far."""
    with suppress(ValueError, FileNotFoundError):
        text = (run_folder(folder) / "events.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]
    return []


def wait_for(condition: Callable[[], bool], what: str, limit_s: float = LIMIT_S) -> None:
    """Wait until `condition` holds. Raises AssertionError when that takes too long."""
    until_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < until_s, f"never came: {what}"
        time.sleep(0.02)


def wait_for_event(folder: Path, name: str, limit_s: float = LIMIT_S) -> None:
    """Wait until the run has recorded an event of that name."""
    wait_for(lambda: any(event["event"] == name for event in events(folder)), name, limit_s)


def left_behind(folder: Path) -> dict[int, str]:
    """Processes that the run in `folder` started and that live, by pid."""
    run_id = run_folder(folder).name.rpartition("-")[2]
    found = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("HARNESS_RUN_ID") == run_id:
                found[process.pid] = " ".join(process.cmdline())
    return found
