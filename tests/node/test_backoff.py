"""How long kubelet waits after a failed pull."""

from hypothesis import given
from hypothesis import strategies as st

from harness.node.backoff import Backoff

KEY = "pod_app:v1"


def test_windows_double_up_to_five_minutes() -> None:
    """10, 20, 40, 80, 160, 300, 300."""
    backoff = Backoff()
    windows = []
    now_s = 0.0
    for _ in range(7):
        backoff.failed(KEY, now_s)
        windows.append(backoff.window_s(KEY))
        now_s += backoff.window_s(KEY)
    assert windows == [10, 20, 40, 80, 160, 300, 300]


def test_the_window_counts_from_the_end_of_the_failed_pull() -> None:
    """Held until just before its end, free at its end."""
    backoff = Backoff()
    assert not backoff.holds(KEY, 0.0)
    backoff.failed(KEY, 100.0)
    assert backoff.holds(KEY, 109.999)
    assert not backoff.holds(KEY, 110.0)


def test_ten_quiet_minutes_forget_it() -> None:
    """More than twice the maximum after the last failure; exactly twice is not enough."""
    backoff = Backoff()
    for _ in range(3):
        backoff.failed(KEY, 0.0)
    backoff.failed(KEY, 600.0)
    assert backoff.window_s(KEY) == 80
    backoff.failed(KEY, 1200.1)
    assert backoff.window_s(KEY) == 10


def test_pods_do_not_share_a_window() -> None:
    """Two pods of one image back off on their own."""
    backoff = Backoff()
    backoff.failed("one_app", 0.0)
    assert not backoff.holds("two_app", 1.0)
    backoff.forget("one_app")
    assert not backoff.holds("one_app", 1.0)


@given(st.lists(st.floats(min_value=0, max_value=2000), min_size=1, max_size=40))
def test_a_window_is_between_ten_seconds_and_five_minutes(gaps_s: list[float]) -> None:
    """Whenever the failures come."""
    backoff = Backoff()
    now_s = 0.0
    for gap_s in gaps_s:
        now_s += gap_s
        backoff.failed(KEY, now_s)
        assert 10 <= backoff.window_s(KEY) <= 300
        assert backoff.holds(KEY, now_s)
        assert not backoff.holds(KEY, now_s + 300.001)
