"""`harness clean` as a user meets it: what is old goes, what lives or is not a run stays."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.process.lock import hold
from tests.program import verb


def made(reports: Path, scenario: str, run_id: str, *, days: float) -> Path:
    """A run folder as `run` names it, `days` old, with three files of 1,000 bytes in all."""
    moment = datetime.now(UTC) - timedelta(days=days)
    folder = reports / scenario / f"{moment:%Y%m%dT%H%M%SZ}-{run_id}"
    (folder / "samples").mkdir(parents=True)
    (folder / "run.json").write_text("{}")
    (folder / "run.lock").write_text("")
    (folder / "samples" / "pods.parquet").write_bytes(bytes(998))
    return folder


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    return tmp_path / "reports"


def test_without_delete_it_only_says_what_would_go(reports: Path) -> None:
    """With the files and bytes of each run and of all; young runs are not told."""
    old = made(reports, "outage", "aaaaaa", days=31)
    older = made(reports, "outage", "bbbbbb", days=40)
    young = made(reports, "outage", "cccccc", days=29)
    told = verb("clean", "--keep", "30d", folder=reports.parent)
    assert told.returncode == 0
    assert told.stdout.splitlines() == [
        f"would delete  reports/outage/{older.name}: 3 files, 1,000 B",
        f"would delete  reports/outage/{old.name}: 3 files, 1,000 B",
        "would delete 2 folders, 6 files, 1.95 KiB; add --delete to delete them",
    ]
    assert all(one.exists() for one in (old, older, young))


@pytest.mark.parametrize("word", ["--delete", "--yes"])
def test_with_delete_old_runs_and_suites_go(reports: Path, word: str) -> None:
    """The folder of a scenario goes with its last run; a young run keeps it."""
    gone = [
        made(reports, "outage", "aaaaaa", days=31),
        made(reports, "latency", "bbbbbb", days=31),
        reports / "suite-20250101T000000Z",
    ]
    gone[-1].mkdir()
    (gone[-1] / "suite.json").write_text("[]")
    young = made(reports, "latency", "cccccc", days=1)
    done = verb("clean", word, folder=reports.parent)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "deleted 3 folders, 7 files, 1.96 KiB"
    assert not any(one.exists() for one in gone)
    assert not (reports / "outage").exists()
    assert young.exists()


def test_what_lives_or_must_be_undone_or_is_no_run_stays(reports: Path) -> None:
    """It says why it keeps a run; other folders it does not even name."""
    running = made(reports, "outage", "aaaaaa", days=90)
    killed = made(reports, "outage", "bbbbbb", days=91)
    record = {"id": "1", "undo": {"kind": "end_processes"}}
    (killed / "journal.jsonl").write_text(json.dumps(record) + "\n")
    unlike = made(reports, "outage", "cccccc", days=90)
    (unlike / "run.json").unlink()  # a folder that only bears such a name
    other = reports / "outage" / "notes"
    other.mkdir()
    elsewhere = made(reports.parent / "elsewhere", "outage", "dddddd", days=90)
    link = reports / "outage" / elsewhere.name
    link.symlink_to(elsewhere)
    undo = "has changes to undo: run `harness recover` first"
    with hold(running):
        done = verb("clean", "--delete", folder=reports.parent)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        f"kept          reports/outage/{killed.name}: {undo}",
        f"kept          reports/outage/{running.name}: is running",
        "reports: no run older than 30d to delete",
    ]
    assert all(one.exists() for one in (running, killed, unlike, other, link))
    assert len(list(elsewhere.rglob("*"))) == 4


def test_an_age_without_a_unit_is_refused(reports: Path) -> None:
    """Nobody should guess whether 30 means days."""
    told = verb("clean", "--keep", "30", folder=reports.parent)
    assert told.returncode == 2
    assert "as 30d" in told.stderr
