"""Chance: fixed answers, fair shares."""

from hypothesis import given
from hypothesis import strategies as st

from harness.chance import Chance

KEYS = tuple(f"node-{number}" for number in range(1000))


def test_the_answer_belongs_to_seed_step_and_key() -> None:
    """Known values: another answer would change what every old seed means."""
    assert Chance(7, "dns-1").fraction("n1") == 0.9331059262200571
    assert Chance(7, "dns-1").fraction("n1") == Chance(7, "dns-1").fraction("n1")
    others = (Chance(8, "dns-1"), Chance(7, "dns-2"))
    assert len({chance.fraction("n1") for chance in (Chance(7, "dns-1"), *others)}) == 3
    assert Chance(7, "dns-1").fraction("n1") != Chance(7, "dns-1").fraction("n2")


@given(share=st.floats(0, 1), key=st.text(), seed=st.integers())
def test_nothing_is_never_chosen_and_everything_always(share: float, key: str, seed: int) -> None:
    """Share 0 says no, share 1 says yes, and a larger share chooses all that a smaller did."""
    chance = Chance(seed, "step")
    assert not chance.says(0.0, key)
    assert chance.says(1.0, key)
    assert not chance.says(share, key) or chance.says(min(1.0, share * 2), key)


def test_a_share_is_a_share_of_many() -> None:
    """A quarter of a thousand keys, give or take."""
    chance = Chance(1, "step")
    assert 200 < sum(chance.says(0.25, key) for key in KEYS) < 300


@given(share=st.floats(0, 1), count=st.integers(1, 50), seed=st.integers(0, 99))
def test_a_pick_has_its_size_and_order(share: float, count: int, seed: int) -> None:
    """At least one, no more than asked, in the order they came, the same every time."""
    keys = KEYS[:count]
    picked = Chance(seed, "step").pick(share, keys)
    assert len(picked) == max(1, round(share * count))
    assert list(picked) == sorted(picked, key=keys.index)
    assert picked == Chance(seed, "step").pick(share, keys)


def test_a_pick_of_none_is_none() -> None:
    """There is nothing to choose from."""
    assert Chance(1, "step").pick(0.5, ()) == ()


@given(low=st.floats(-1e6, 1e6), width=st.floats(0, 1e6), key=st.text())
def test_between_stays_between(low: float, width: float, key: str) -> None:
    """Never below low, never above high."""
    assert low <= Chance(3, "step").between(low, low + width, key) <= low + width


def test_parts_of_a_key_cannot_flow_into_each_other() -> None:
    """Seed 1 with step "2" is not seed 12 with step "": separators keep them apart."""
    assert Chance(1, "2").fraction("k") != Chance(12, "").fraction("k")
    assert Chance(1, "ab").fraction("c") != Chance(1, "a").fraction("bc")
