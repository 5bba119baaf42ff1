"""Byte ranges of downloads and chunks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.registry.ranges import Span, UnsatisfiableError, chunk, requested


@pytest.mark.parametrize(
    ("header", "size", "span"),
    [
        ("bytes=0-0", 10, Span(0, 0)),
        ("bytes=2-5", 10, Span(2, 5)),
        ("bytes=5-", 10, Span(5, 9)),
        ("bytes=5-100", 10, Span(5, 9)),
        ("bytes=-3", 10, Span(7, 9)),
        ("bytes=-30", 10, Span(0, 9)),
        ("lines=1-2", 10, None),
        ("bytes=0-1,4-5", 10, None),
    ],
)
def test_range_that_can_be_had(header: str, size: int, span: Span | None) -> None:
    """Ranges are cut to the content; other units and several ranges are passed over."""
    assert requested(header, size) == span


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=5-2", "bytes=-0", "bytes=-", "bytes=a-b"])
def test_range_that_cannot_be_had(header: str) -> None:
    """Ranges outside of the content and unreadable ones are refused."""
    with pytest.raises(UnsatisfiableError):
        requested(header, 10)


@given(first=st.integers(0, 300), length=st.integers(1, 300), size=st.integers(1, 300))
def test_range_has_the_bytes_it_names(first: int, length: int, size: int) -> None:
    """A span read out of the content is what slicing gives."""
    content = bytes(number % 251 for number in range(size))
    wanted = content[first : first + length]
    try:
        span = requested(f"bytes={first}-{first + length - 1}", size)
    except UnsatisfiableError:
        assert wanted == b""
    else:
        assert span is not None
        assert content[span.first : span.last + 1] == wanted
        assert span.length == len(wanted)


@given(st.text(max_size=30))
def test_any_range_is_answered(text: str) -> None:
    """Whatever is written in the header gives a span inside, None, or a refusal."""
    try:
        span = requested(f"bytes={text}", 7)
    except UnsatisfiableError:
        return
    assert span is None or 0 <= span.first <= span.last < 7


@pytest.mark.parametrize(
    ("header", "span"),
    [("0-9", Span(0, 9)), ("bytes 5-6/*", Span(5, 6)), ("9-0", None), ("x", None), ("-5", None)],
)
def test_chunk(header: str, span: Span | None) -> None:
    """A chunk's Content-Range is `first-last`; some clients write it as HTTP has it."""
    assert chunk(header) == span
