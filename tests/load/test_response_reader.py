"""Heads and chunks as they trickle in, without a socket."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.response_reader import Parsing

CHUNKED = (
    b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n"
    b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n"
)


@given(st.lists(st.integers(0, len(CHUNKED)), max_size=12))
def test_it_does_not_matter_where_an_answer_is_torn(places: list[int]) -> None:
    """The interim answer's headers are gone, trailers are no headers."""
    parsing = Parsing()
    edges = [0, *sorted(places), len(CHUNKED)]
    for start, end in itertools.pairwise(edges):
        assert parsing.feed(CHUNKED[start:end])
    assert (parsing.status, b"".join(parsing.body), parsing.whole) == (200, b"abcde", True)
    assert parsing.headers == {"transfer-encoding": "chunked", "a": "b"}
    assert parsing.keep_alive


@pytest.mark.parametrize(
    ("answer", "keep_alive"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxunasked", False),
        (b"HTTP/1.1 200 OK\r\n\r\nx", False),
    ],
)
def test_a_connection_is_kept_when_its_answer_says_so(answer: bytes, *, keep_alive: bool) -> None:
    """Only one that ends where it said, and asks for no end."""
    parsing = Parsing()
    assert parsing.feed(answer)
    assert (parsing.keep_alive, b"".join(parsing.body)) == (keep_alive, b"x")
