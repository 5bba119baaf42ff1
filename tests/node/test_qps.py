"""Kubelet's limit on pulls a second."""

from hypothesis import given
from hypothesis import strategies as st

from harness.node.qps import TokenBucket


def test_a_burst_of_ten_then_five_a_second() -> None:
    """What does not fit is refused at once."""
    bucket = TokenBucket(qps=5, burst=10)
    assert [bucket.accepts(0.0) for _ in range(12)] == [True] * 10 + [False] * 2
    assert [bucket.accepts(1.0) for _ in range(7)] == [True] * 5 + [False] * 2
    assert not bucket.accepts(1.1)
    assert bucket.accepts(1.2)


def test_a_rest_fills_it_no_further_than_the_burst() -> None:
    """An hour later ten are free, not 18,000."""
    bucket = TokenBucket(qps=5, burst=10)
    bucket.accepts(0.0)
    assert sum(bucket.accepts(3600.0) for _ in range(50)) == 10


def test_zero_is_no_limit() -> None:
    """As `registryPullQPS: 0` says."""
    bucket = TokenBucket(qps=0, burst=10)
    assert all(bucket.accepts(0.0) for _ in range(1000))


@given(st.lists(st.floats(min_value=0, max_value=5), max_size=200))
def test_no_span_of_time_has_more_than_its_rate_and_a_burst(gaps_s: list[float]) -> None:
    """From the beginning to any moment."""
    bucket = TokenBucket(qps=5, burst=10)
    now_s = 0.0
    accepted = 0
    first_s = None
    for gap_s in gaps_s:
        now_s += gap_s
        first_s = now_s if first_s is None else first_s
        accepted += bucket.accepts(now_s)
        assert accepted <= 10 + 5 * (now_s - first_s) + 1e-6
