"""Pre-flight checks: one look at this machine."""

import os
from pathlib import Path

from harness.run.doctor import examine


def test_this_machine_can_run(tmp_path: Path) -> None:
    """Every check has its own name, and nothing here stops a run."""
    checks = examine(dict(os.environ), tmp_path, tmp_path / "reports")
    names = [check.name for check in checks]
    assert len(set(names)) == len(names)
    assert {"python", "toxiproxy", "go", "open files", "disk", "loopback", "kind", "docker"} < set(
        names
    )
    assert [check for check in checks if check.status == "fail"] == []


def test_an_empty_environment_is_examined_too(tmp_path: Path) -> None:
    """No PATH at all: programs are missing, and that is all."""
    found = {check.name: check.status for check in examine({"PATH": ""}, tmp_path, tmp_path)}
    assert found["kind"] == "warn"
    assert found["docker"] == "warn"


def test_folders_that_nothing_can_be_written_in_are_reported(tmp_path: Path) -> None:
    """Tried for real, where the folder is or would be made: root may write anywhere but here."""
    [told] = [it for it in examine({}, tmp_path, Path("/proc/no/reports")) if it.name == "folders"]
    assert (told.status, str(tmp_path) in told.found) == ("fail", False)
    assert told.found.startswith("/proc/no/reports: ")
    assert list(tmp_path.iterdir()) == []
