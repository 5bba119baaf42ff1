"""What charts are made of."""

from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from harness.report.charts.drawing import data, drawable, drawable_texts, scale


def test_values_are_plain_json() -> None:
    """NaN becomes null."""
    frame = pd.DataFrame({"a": [1.0, float("nan")], "b": ["x", "y"]})
    assert data(frame) == {"values": [{"a": 1.0, "b": "x"}, {"a": None, "b": "y"}]}


def test_a_scale_names_only_what_is_there() -> None:
    """In the palette's order."""
    assert scale({"a": "red", "b": "green", "c": "blue"}, ["c", "a", "else"]) == {
        "domain": ["a", "c"],
        "range": ["red", "blue"],
    }


@given(st.text(max_size=150))
def test_every_text_can_be_drawn(text: str) -> None:
    """Renderers outside a browser abort on characters that XML cannot hold."""
    (name,) = drawable_texts(pd.DataFrame({"name": [text], "value": [1.0]}))["name"]
    assert len(name) <= 101
    ET.fromstring(f"<text>{escape(name)}</text>")  # noqa: S314  our own text


def test_a_name_is_cut() -> None:
    """A megabyte would take minutes to measure."""
    assert drawable("x" * 1_000_000) == "x" * 100 + "…"
    assert drawable("a\x00b") == "a\N{REPLACEMENT CHARACTER}b"
