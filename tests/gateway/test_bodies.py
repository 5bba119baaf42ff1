"""Where bodies are changed."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.chance import Chance
from harness.gateway.bodies import Extent, cut_at, extent, flipped, flips, within

CHANCE = Chance(7, "corrupted_blob-1")


@pytest.mark.parametrize(
    ("status", "headers", "held"),
    [
        (200, [(b"content-length", b"10")], Extent(0, 10, 10)),
        (200, [(b"Content-Length", b"10")], Extent(0, 10, 10)),
        (206, [(b"content-range", b"bytes 2-4/10"), (b"content-length", b"3")], Extent(2, 5, 10)),
        (206, [(b"content-range", b"bytes 2-4/*")], None),
        (200, [(b"content-length", b"0")], None),
        (200, [], None),
        (404, [(b"content-length", b"10")], None),
    ],
)
def test_extent(status: int, headers: list[tuple[bytes, bytes]], held: Extent | None) -> None:
    """Only an answer with a body of known place can be changed."""
    assert extent(status, headers) == held


@given(
    total=st.integers(1, 5000),
    count=st.integers(1, 20),
    cuts=st.lists(st.integers(0, 5000), max_size=4),
)
def test_parts_are_changed_as_the_whole(total: int, count: int, cuts: list[int]) -> None:
    """However the content is split, the same bytes differ: ranges agree with the whole."""
    content = bytes(number % 256 for number in range(total))
    changes = flips(CHANCE, "sha256:a", count, total)
    whole = flipped(content, 0, changes)
    assert sum(a != b for a, b in zip(content, whole, strict=True)) == min(count, total)
    edges = sorted({0, total, *(cut for cut in cuts if cut < total)})
    parts = [
        flipped(content[first:end], first, within(changes, Extent(first, end, total)))
        for first, end in pairwise(edges)
    ]
    assert b"".join(parts) == whole


def test_places_are_seeded() -> None:
    """Another seed, step or blob changes other bytes; the same ones the same."""
    places = flips(CHANCE, "sha256:a", 3, 10**6)
    assert places == flips(Chance(7, "corrupted_blob-1"), "sha256:a", 3, 10**6)
    assert places != flips(Chance(8, "corrupted_blob-1"), "sha256:a", 3, 10**6)
    assert places != flips(CHANCE, "sha256:b", 3, 10**6)


def test_cut_leaves_less_than_all() -> None:
    """A cut always loses at least the last byte."""
    assert [cut_at(share, 10) for share in (0, 0.5, 0.999)] == [0, 5, 9]
    assert cut_at(0.9, 1) == 0
