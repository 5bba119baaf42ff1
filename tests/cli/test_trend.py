"""`harness trend` as a user meets it."""

import json
import shutil
from pathlib import Path

from tests.program import verb
from tests.recordings import outage


def test_a_folder_of_runs_becomes_a_page_a_table_and_json(tmp_path: Path) -> None:
    """Three nights are too few for a change, and a page all the same."""
    reports = tmp_path / "reports"
    first = outage().write(reports / "dns-outage" / "t0")
    for number in (1, 2):
        folder = reports / "dns-outage" / f"t{number}"
        shutil.copytree(first, folder)
        events = folder / "events.jsonl"
        text = events.read_text(encoding="utf-8").replace("c0ffee", f"c0ffe{number}")
        events.write_text(text, encoding="utf-8")
        run = folder / "run.json"
        run.write_text(run.read_text("utf-8").replace("c0ffee", f"c0ffe{number}"), "utf-8")
    done = verb("trend", "reports", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    (one,) = json.loads(done.stdout)["scenarios"]
    assert (one["scenario"], len(one["nights"])) == ("dns-outage", 3)
    assert (reports / "trend.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "dns-outage" in (reports / "trend.md").read_text(encoding="utf-8")


def test_a_folder_without_runs_exits_2(tmp_path: Path) -> None:
    done = verb("trend", tmp_path, folder=tmp_path)
    assert done.returncode == 2
    assert "is not a run folder and contains none" in done.stderr
