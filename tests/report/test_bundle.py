"""The drawing library that goes into a page."""

import re
from contextlib import suppress
from pathlib import Path

import psutil

from harness.report.bundle import javascript_beside


def test_the_library_asks_for_nothing_and_cannot_end_its_script() -> None:
    """Made in another process, which is gone afterwards."""
    with javascript_beside() as promise:
        script = promise()
    assert "window.vegaEmbed" in script
    assert "</script" not in script
    assert "<!--" not in script
    assert set(re.findall(r"https?://([^/\"'`\s]+)", script)) <= {"www.w3.org"}


def test_a_report_that_fails_leaves_no_process() -> None:
    """Whatever was raised meanwhile."""
    children = psutil.Process().children
    seen = []
    with suppress(KeyError), javascript_beside():
        seen = children()
        raise KeyError
    assert len(seen) == 1
    assert children() == []


def test_it_is_kept_for_the_next_report_and_made_again_when_it_cannot_be(tmp_path: Path) -> None:
    """The second time no process is started; a folder that refuses costs time only."""
    with javascript_beside(tmp_path / "cache") as promise:
        first = promise()
    (kept,) = (tmp_path / "cache").iterdir()
    with javascript_beside(tmp_path / "cache") as promise:
        assert psutil.Process().children() == []
        assert promise() == first
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with javascript_beside(tmp_path / "file") as promise:
        assert promise() == first
    assert kept.suffix == ".js"
