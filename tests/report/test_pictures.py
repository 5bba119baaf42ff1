"""Charts as pictures: each drawn, in real colours, without a network."""

import re
import struct
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from harness.analysis import RecordedRun, analyse
from harness.report.charts import charts
from harness.report.pictures import light_colours, write_pictures
from tests.recordings import RunFolder, outage
from tests.report.test_html import hostile


@pytest.mark.parametrize("make", [outage, hostile])
def test_every_chart_is_an_svg_that_needs_nothing_else(
    tmp_path: Path, make: type[RunFolder]
) -> None:
    """Well-formed, with its title, no variable of the page, no address, no script."""
    folder = make().write(tmp_path)
    drawn = charts(analyse(RecordedRun.load(folder)))
    paths = write_pictures(folder, "svg")
    assert [path.stem for path in paths] == list(drawn)
    for path in paths:
        text = path.read_text(encoding="utf-8")
        root = ET.fromstring(text)  # noqa: S314  our own file
        assert drawn[path.stem].title in "".join(root.itertext())
        assert not re.search(r"var\(--|<script|href=", text)
        assert int(float(root.get("width", "0"))) > 900


def test_a_png_is_twice_as_dense(tmp_path: Path) -> None:
    """Read from its own header."""
    paths = write_pictures(outage().write(tmp_path), "png")
    for path in paths:
        head = path.read_bytes()[:24]
        assert head.startswith(b"\x89PNG")
        assert struct.unpack(">I", head[16:20])[0] > 1800


def test_every_colour_of_the_page_is_known() -> None:
    """All variables of the first block, as values."""
    colours = light_colours()
    assert colours["bg"] == "#f6f7f9"
    assert {"part-backoff", "cause-dns", "fault", "fg"} <= set(colours)


def test_a_run_with_nothing_to_draw_gives_no_picture(tmp_path: Path) -> None:
    assert write_pictures(RunFolder().write(tmp_path), "svg") == []
