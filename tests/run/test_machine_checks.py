"""What this machine has: rules as a table."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.run.check import Check
from harness.run.machine_checks import (
    clock,
    disk,
    folders,
    inotify,
    loopback,
    memory,
    open_files,
    ports,
    python,
)

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("check", "status", "found", "fix"),
    [
        (python((3, 11, 0)), "ok", "3.11.0", ""),
        (python((3, 10, 9)), "fail", "3.10.9", "Python 3.11 or later"),
        (python((4, 0, 0)), "ok", "4.0.0", ""),
        (open_files(None), "ok", "no limit", ""),
        (open_files(4096), "ok", "up to 4096", ""),
        (open_files(1024), "warn", "up to 1024", "ulimit -Hn 4096"),
        (open_files(64), "fail", "up to 64", "ulimit"),
        (inotify("128\n"), "warn", "128 instances", "max_user_instances=512"),
        (inotify("8192\n"), "ok", "8192", ""),
        (inotify(""), "ok", "no limit", ""),
        (folders({Path("/r"): "", Path("/c"): ""}), "ok", "/r and /c can be written", ""),
        (folders({Path("/r"): "", Path("/c"): "No space"}), "fail", "/c: No space", "--reports"),
        (disk(Path("/r"), 3 << 30), "ok", "3.0 GiB free at /r", ""),
        (disk(Path("/r"), 1 << 30), "warn", "1.0 GiB", "--reports"),
        (disk(Path("/r"), 1 << 20), "fail", "0.0 GiB", "--reports"),
        (loopback(""), "ok", "127.0.0.1", ""),
        (
            loopback("127.0.0.1: Permission denied"),
            "fail",
            "Permission denied",
            "allow",
        ),
        (ports("32768\t60999\n"), "ok", "28232", ""),
        (ports("60000 60999"), "warn", "1000", "sysctl"),
        (ports(""), "ok", "does not tell", ""),
        (clock(1e-9, NOW, NOW), "ok", "2026-11-24 00:00 UTC", ""),
        (clock(0.0156, NOW, NOW), "warn", "steps of 15.6 ms", "another machine"),
        (
            clock(1e-9, NOW, NOW + timedelta(days=1)),
            "warn",
            "before the harness",
            "clock",
        ),
        (memory("MemTotal: 9 kB\nMemAvailable: 8388608 kB\n"), "ok", "8.0 GiB", ""),
        (memory("MemAvailable: 1048576 kB"), "warn", "1.0 GiB", "2 GiB"),
        (memory("MemAvailable: 1024 kB"), "fail", "0.0 GiB", "free"),
        (memory(""), "ok", "does not tell", ""),
    ],
)
def test_each_rule(check: Check, status: str, found: str, fix: str) -> None:
    """What is found is named, and what is wrong comes with its mending."""
    assert check.status == status
    assert found in check.found
    assert fix in check.fix
    assert (check.fix == "") == (check.status == "ok")
