"""The lock of a run folder: held by the living, free after any death."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness.process.lock import RunLockError, held, hold

HOLDER = """
import subprocess, sys, time
from pathlib import Path
from harness.process.lock import hold
with hold(Path(sys.argv[1])):
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print(sleeper.pid, flush=True)
    time.sleep(60)
"""


def test_a_lock_lives_as_long_as_its_block(tmp_path: Path) -> None:
    """Before and after the block the folder is free, within it nobody else gets it."""
    assert not held(tmp_path)
    with hold(tmp_path):
        assert held(tmp_path)
        with pytest.raises(RunLockError, match="another harness is running"), hold(tmp_path):
            pass
        assert held(tmp_path)
    assert not held(tmp_path)


def test_a_killed_process_lets_go_although_its_child_lives(tmp_path: Path) -> None:
    """SIGKILL frees the lock at once, and a child of the killed process does not keep it."""
    argv = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        sleeper = int(holder.stdout.readline())
        try:
            assert held(tmp_path)
            holder.kill()
            holder.wait()
            assert not held(tmp_path)
        finally:
            subprocess.run(["kill", "-9", str(sleeper)], check=True)
