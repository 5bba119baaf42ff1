"""Pre-flight checks: one look at this machine."""

import os
from pathlib import Path

from harness.run.doctor import examine


def test_this_machine_can_run(tmp_path: Path) -> None:
    """Every check has its own name, and nothing here stops a run."""
    checks = examine(dict(os.environ), tmp_path)
    names = [check.name for check in checks]
    assert len(set(names)) == len(names)
    assert {"python", "toxiproxy", "go", "open files", "disk", "loopback", "kind", "docker"} < set(
        names
    )
    assert [check for check in checks if check.status == "fail"] == []


def test_an_empty_environment_is_examined_too(tmp_path: Path) -> None:
    """No PATH at all: programs are missing, and that is all."""
    found = {check.name: check.status for check in examine({"PATH": ""}, tmp_path)}
    assert found["kind"] == "warn"
    assert found["docker"] == "warn"
