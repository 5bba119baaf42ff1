"""The drawing library that goes into a page."""

import re
from contextlib import suppress

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
