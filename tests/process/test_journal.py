"""Undo records on disk: what is pending after ends of every kind."""

import json
import os
import threading
from pathlib import Path

import pytest

from harness.process.journal import Journal, pending


def undos(path: Path) -> list[object]:
    return [record["undo"] for record in pending(path)]


def test_what_is_crossed_out_is_not_pending_and_the_latest_comes_first(tmp_path: Path) -> None:
    """Changes are undone in the reverse of the order in which they were made."""
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    first, second, third = (journal.record({"kind": kind}) for kind in ("a", "b", "c"))
    journal.done(second)
    assert undos(path) == [{"kind": "c"}, {"kind": "a"}]
    journal.done(third)
    journal.done(third)
    journal.done(first)
    assert undos(path) == []
    journal.close()


def test_a_record_is_on_disk_when_record_returns(tmp_path: Path) -> None:
    """A reader sees it whole before the change is made, with no close in between."""
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    identity = journal.record({"kind": "a", "path": "läyer"})
    assert json.loads(path.read_text())["undo"]["path"] == "läyer"
    assert pending(path) == [{"id": identity, "undo": {"kind": "a", "path": "läyer"}}]
    journal.close()


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_line_cut_by_a_crash_hides_no_other(tmp_path: Path, cut: int) -> None:
    """The cut line's change was never made; a later journal on the same file loses nothing."""
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    kept = journal.record({"kind": "kept"})
    journal.record({"kind": "cut", "padding": "x" * 40})
    journal.close()
    os.truncate(path, path.stat().st_size - cut)
    assert undos(path) == ([{"kind": "kept"}] if cut > 1 else undos(path))
    later = Journal(path)
    assert later.record({"kind": "later"}) != kept
    later.done(kept)
    later.close()
    assert {"kind": "later"} in undos(path)
    assert {"kind": "kept"} not in undos(path)


@pytest.mark.parametrize(
    "line", [b"[]", b"7", b"null", b'{"undo": {}}', b'{"id": "9", "undo": []}', b"\xff\xfe", b""]
)
def test_lines_that_are_no_records_are_passed_over(tmp_path: Path, line: bytes) -> None:
    """A journal is text that anything may have happened to."""
    path = tmp_path / "journal.jsonl"
    path.write_bytes(line + b'\n{"id": "1", "undo": {"kind": "a"}}\n' + line)
    assert undos(path) == [{"kind": "a"}]


def test_records_from_threads_stay_whole(tmp_path: Path) -> None:
    """Faults work in threads too; every line is one record and every id its own."""
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)

    def work() -> None:
        for _ in range(20):
            journal.record({"kind": "a"})

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    assert len(pending(path)) == 80


def test_a_full_disk_refuses_the_record_but_not_the_crossing_out() -> None:
    """No record, no change; whereas an undo that cannot be crossed out is only done twice."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this system")
    journal = object.__new__(Journal)
    journal._file = full.open("ab", buffering=0)
    journal._torn = False
    journal._number = 0
    journal._writing = threading.Lock()
    with pytest.raises(OSError, match="No space left"):
        journal.record({"kind": "a"})
    journal.done("1")
    journal.close()
