"""A reader that closes the pipe, or a device that is full, changes no verdict."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.program import LIMIT_S, brief


def exit_code(
    *arguments: str, folder: Path, stdout: int, stderr: int = subprocess.PIPE
) -> tuple[int, str]:
    """`harness` with `stdout` as its standard output: its exit code and stderr, if it is kept."""
    ended = subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=stdout,
        stderr=stderr,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    return ended.returncode, ended.stderr or ""


def closed_pipe() -> int:
    """The writing end of a pipe that nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize(
    ("arguments", "code"), [(["faults"], 0), (["schema"], 0), (["check", "missing.yaml"], 2)]
)
def test_a_closed_pipe_changes_no_exit_code(
    tmp_path: Path, arguments: list[str], code: int
) -> None:
    """As with `| head -1`; nothing is said of it."""
    writer = closed_pipe()
    try:
        found, err = exit_code(*arguments, folder=tmp_path, stdout=writer)
    finally:
        os.close(writer)
    assert found == code, err
    assert "internal error" not in err
    assert "Traceback" not in err


def test_a_closed_stderr_changes_no_exit_code(tmp_path: Path) -> None:
    """As with `2>&1 | head -1`, which takes both."""
    writer = closed_pipe()
    try:
        missing = exit_code("check", "missing.yaml", folder=tmp_path, stdout=writer, stderr=writer)
        plan = exit_code(
            "plan", str(brief(tmp_path)), folder=tmp_path, stdout=writer, stderr=writer
        )
    finally:
        os.close(writer)
    assert (missing[0], plan[0]) == (2, 0)


def test_a_verdict_survives_a_closed_pipe(tmp_path: Path) -> None:
    """A fault that affects nothing is inconclusive, whoever listens."""
    scenario = brief(tmp_path, fault="latency: {delay: 20ms}\n    where: {nodes: '1'}")
    writer = closed_pipe()
    try:
        found, err = exit_code(
            "run",
            str(scenario),
            "--set",
            "load.rollouts=[]",
            "--set",
            "load.pulls.0.rate=1/s",
            folder=tmp_path,
            stdout=writer,
        )
    finally:
        os.close(writer)
    assert found == 4, err


def test_a_full_device_is_one_sentence(tmp_path: Path) -> None:
    """Results that nobody got are no pass, and no internal error."""
    with Path("/dev/full").open("wb") as full:
        found, err = exit_code("schema", folder=tmp_path, stdout=full.fileno())
    assert (found, err) == (4, "stdout: cannot be written: No space left on device\n")
