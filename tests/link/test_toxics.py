"""What each toxic does to the bytes of one connection, in virtual time."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.chance import Chance
from harness.link.stage import Draw, End, Item, Stage, Tally
from harness.link.toxics import TOXICS

Arrival = tuple[float, bytes | End]
Departure = tuple[float, bytes | End]


def stage(kind: str, *, connection: int = 1, seed: int = 7, **settings: int) -> Stage:
    draw = Draw(chance=Chance(seed, "node-0/toxic"), connection=connection)
    attributes = dict.fromkeys(TOXICS[kind].attributes, 0) | settings
    return TOXICS[kind](attributes, draw, Tally(), 0.0)


def through(one: Stage, arrivals: list[Arrival], *, until_s: float = 1e6) -> list[Departure]:
    """What leaves `one`, and when, as a link with perfect timers would see it."""
    left: list[Departure] = []

    def take(now_s: float) -> None:
        left.extend((now_s, plain(item)) for item in one.take(now_s))

    for at_s, item in arrivals:
        while one.due_s() < at_s:
            take(one.due_s())
        one.put(memoryview(item) if isinstance(item, bytes) else item, at_s)
        take(at_s)
    while one.due_s() <= until_s:
        take(one.due_s())
    return left


def plain(item: Item) -> bytes | End:
    return bytes(item) if isinstance(item, memoryview) else item


def joined(departures: list[Departure]) -> bytes:
    return b"".join(item for _, item in departures if isinstance(item, bytes))


A, B = b"a" * 50, b"b" * 50
RULES: list[tuple[str, dict[str, int], list[Arrival], list[Departure]]] = [
    ("noop", {}, [(1, b"a"), (2, End.FIN)], [(1, b"a"), (2, End.FIN)]),
    ("latency", {"latency": 500}, [(1, b"a"), (1.25, b"b")], [(1.5, b"a"), (1.75, b"b")]),
    # The end waits for the data before it, and only for that.
    ("latency", {"latency": 500}, [(1, b"a"), (1, End.FIN)], [(1.5, b"a"), (1.5, End.FIN)]),
    ("latency", {"latency": 500}, [(1, End.FIN)], [(1, End.FIN)]),
    ("latency", {"latency": -5}, [(1, b"a")], [(1, b"a")]),
    ("bandwidth", {"rate": 2}, [(0, bytes(100))], [(0.05, bytes(100))]),
    # Slow data goes on in pieces of 100 ms.
    ("bandwidth", {"rate": 1}, [(0, bytes(150))], [(0.1, bytes(100)), (0.15, bytes(50))]),
    ("bandwidth", {"rate": 1}, [(0, A), (0, B)], [(0.05, A), (0.1, B)]),
    ("bandwidth", {"rate": 0}, [(0, b"a"), (1, End.FIN)], []),
    ("bandwidth", {"rate": -1}, [(0, b"a")], []),
    ("slow_close", {"delay": 2000}, [(1, b"a"), (2, End.FIN)], [(1, b"a"), (4, End.FIN)]),
    ("timeout", {"timeout": 1000}, [], [(1, End.CLOSE)]),
    # Each chunk starts its time anew.
    ("timeout", {"timeout": 1000}, [(0.5, b"a"), (1.25, b"b")], [(2.25, End.CLOSE)]),
    ("timeout", {"timeout": 0}, [(0.5, b"a")], []),
    ("timeout", {"timeout": 0}, [(0.5, b"a"), (2, End.FIN)], [(2, End.CLOSE)]),
    ("reset_peer", {"timeout": 0}, [(1, b"a")], [(1, End.RESET)]),
    ("reset_peer", {"timeout": 3000}, [(1, b"a"), (2, b"b")], [(4, End.RESET)]),
    ("reset_peer", {"timeout": 1000}, [(1, End.FIN)], [(2, End.RESET)]),
    ("reset_peer", {"timeout": 1000}, [], []),
    (
        "slicer",
        {"average_size": 2, "delay": 500_000},
        [(0, b"abcd"), (0, End.FIN)],
        [(0, b"ab"), (0.5, b"cd"), (1, End.FIN)],
    ),
    ("slicer", {"average_size": 8}, [(0, b"abcd")], [(0, b"abcd")]),
    ("slicer", {}, [(0, b"abc")], [(0, b"a"), (0, b"b"), (0, b"c")]),
    ("limit_data", {"bytes": 60}, [(0, A), (1, B), (2, A)], [(0, A), (1, B[:10]), (1, End.CLOSE)]),
    ("limit_data", {"bytes": 3}, [(0, b"abc")], [(0, b"abc"), (0, End.CLOSE)]),
    ("limit_data", {"bytes": 0}, [(0, b"abc")], [(0, End.CLOSE)]),
    ("limit_data", {"bytes": 9}, [(0, b"abc"), (1, End.FIN)], [(0, b"abc"), (1, End.FIN)]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "settings", "arrivals", "departures"), RULES)
def test_what_goes_in_comes_out_by_rule(
    kind: str, settings: dict[str, int], arrivals: list[Arrival], departures: list[Departure]
) -> None:
    """Each toxic's rule, as a table of arrivals and departures."""
    left = through(stage(kind, **settings), arrivals)
    assert [item for _, item in left] == [item for _, item in departures]
    assert [at_s for at_s, _ in left] == pytest.approx([at_s for at_s, _ in departures])


CHUNKS = st.lists(st.binary(min_size=1, max_size=3000), max_size=12)


@settings(deadline=None)
@given(
    chunks=CHUNKS,
    kind=st.sampled_from(["latency", "bandwidth", "slicer", "slow_close"]),
    numbers=st.lists(st.integers(0, 50), min_size=3, max_size=3),
)
def test_no_byte_is_lost_doubled_or_moved(
    chunks: list[bytes], kind: str, numbers: list[int]
) -> None:
    """Whatever the settings, data that is only delayed or cut comes out in order, then the end."""
    settings = dict(zip(TOXICS[kind].attributes, numbers, strict=False))
    one = stage(kind, **settings)
    arrivals: list[Arrival] = [(number / 100, chunk) for number, chunk in enumerate(chunks)]
    left = through(one, [*arrivals, (1.0, End.FIN)])
    waiting = [plain(item) for item in one.leave()]
    everything = left + [(math.inf, item) for item in waiting]
    assert joined(everything) == b"".join(chunks)
    assert everything[-1][1] is End.FIN
    assert one.held_bytes == 0
    assert all(first <= second for (first, _), (second, _) in pairwise(left))


@settings(deadline=None)  # twenty thousand slices take their time on a busy machine
@given(size=st.integers(1, 20_000), average=st.integers(1, 5000), variation=st.integers(0, 4999))
def test_slices_keep_to_their_size(size: int, average: int, variation: int) -> None:
    """No slice is larger than average and variation allow."""
    variation = min(variation, average - 1)
    one = stage("slicer", average_size=average, size_variation=variation)
    sizes = [len(item) for _, item in through(one, [(0, bytes(size))]) if isinstance(item, bytes)]
    assert sum(sizes) == size
    assert max(sizes) <= average + variation


def test_jitter_stays_in_its_range_and_repeats_with_the_seed() -> None:
    """Delays differ within latency ± jitter, and are the same for the same seed."""
    arrivals: list[Arrival] = [(float(second), b"x") for second in range(50)]

    def delays(seed: int) -> list[float]:
        left = through(stage("latency", latency=200, jitter=100, seed=seed), arrivals)
        return [left_s - came_s for (left_s, _), (came_s, _) in zip(left, arrivals, strict=True)]

    assert delays(1) == delays(1) != delays(2)
    assert 0.1 <= min(delays(1)) < 0.15
    assert 0.25 < max(delays(1)) <= 0.3 + 1e-9


def test_toxicity_is_a_share_of_the_connections() -> None:
    """About the share of them, the same for the same seed, and none changes its mind."""
    draws = [Draw(chance=Chance(7, "toxic"), connection=number) for number in range(2000)]
    chosen = [draw for draw in draws if draw.says(0.3)]
    assert 500 < len(chosen) < 700
    assert [draw for draw in draws if draw.says(0.3)] == chosen
    assert all(draw.says(0.5) for draw in chosen)


@pytest.mark.parametrize(
    ("kind", "settings", "arrivals", "bitten"),
    [
        ("latency", {"latency": 5}, [(0, b"abc"), (1, b"d")], (1, 2, 4)),
        ("latency", {"latency": 0}, [(0, b"abc")], (0, 0, 0)),
        ("bandwidth", {"rate": 5}, [(0, b"abc")], (1, 1, 3)),
        ("slow_close", {"delay": 5}, [(0, b"abc")], (0, 0, 0)),
        ("slow_close", {"delay": 5}, [(0, b"abc"), (1, End.FIN)], (1, 0, 0)),
        ("timeout", {"timeout": 0}, [], (0, 0, 0)),
        ("timeout", {"timeout": 5}, [], (1, 0, 0)),
        ("reset_peer", {"timeout": 5}, [], (0, 0, 0)),
        ("reset_peer", {"timeout": 5}, [(0, b"abc"), (0, b"d")], (1, 1, 3)),
        ("slicer", {"average_size": 9}, [(0, b"abc")], (0, 0, 0)),
        ("slicer", {"average_size": 1}, [(0, b"abc")], (1, 1, 3)),
        ("limit_data", {"bytes": 4}, [(0, b"abc")], (0, 0, 0)),
        ("limit_data", {"bytes": 4}, [(0, b"abc"), (0, b"def")], (1, 1, 3)),
    ],
)
def test_only_what_was_changed_is_a_bite(
    kind: str, settings: dict[str, int], arrivals: list[Arrival], bitten: tuple[int, int, int]
) -> None:
    """Connections once each, chunks and bytes as often as changed."""
    one = stage(kind, **settings)
    through(one, arrivals)
    assert (one.tally.connections, one.tally.chunks, one.tally.bytes) == bitten


def test_a_removed_timeout_ends_what_it_held() -> None:
    """Bytes that were dropped cannot come back, and an idle connection ends as with Toxiproxy."""
    idle, bitten = stage("timeout"), stage("timeout")
    bitten.put(memoryview(b"lost"), 1.0)
    for one in (idle, bitten):
        assert one.leave() == [End.CLOSE]
        assert one.tally.connections == 1


def test_an_updated_limit_goes_on_counting() -> None:
    """The bytes that passed before count against the new limit."""
    before = stage("limit_data", bytes=100)
    through(before, [(0, bytes(40))])
    after = stage("limit_data", bytes=50)
    after.succeed(before)
    assert joined(through(after, [(1, bytes(40))])) == bytes(10)
