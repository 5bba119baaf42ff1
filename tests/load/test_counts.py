"""Counts go on, lateness is the worst since it was last told, and what is slow is counted."""

from hypothesis import given
from hypothesis import strategies as st

from harness.load.counts import Counts, SlowCounts, together
from harness.recording.events import LoadTally
from harness.recording.tally import slow_key


def test_lateness_begins_anew_with_each_tally() -> None:
    counts = Counts(pulls_ok=3)
    counts.late(0.2)
    counts.late(0.05)
    assert counts.taken(0.0)["lateness_ms_max"] == 200
    assert counts.taken(0.0) == {**counts.taken(0.0), "pulls_ok": 3, "lateness_ms_max": 0}


def test_a_tally_is_made_of_counts() -> None:
    """The words of the two are the same."""
    assert LoadTally(at_s=1.0, **Counts(pods_ready=2).taken(0.0)).pods_ready == 2


def test_the_counts_of_several_processes_are_added() -> None:
    """Lateness is the worst one's; what one does not limit is not there."""
    one, two = Counts(pulls_ok=3, lateness_ms_max=5.0), Counts(pulls_ok=4, lateness_ms_max=7.0)
    one.slow = SlowCounts([("deployment_delay", 2.0)])
    one.pod_created("a", 0.0)
    both = together([one.taken(3.0), two.taken(3.0)])
    assert (both["pulls_ok"], both["lateness_ms_max"]) == (7, 7.0)
    assert both["slow"] == {"deployment_delay>2s waiting": 1}
    assert together([]) == {**Counts().taken(0.0), "slow": {}}


TIMES = st.lists(st.tuples(st.floats(0, 20), st.one_of(st.none(), st.floats(0, 20)), st.booleans()))


@given(pulls=TIMES, now_s=st.floats(20, 30))
def test_what_takes_longer_than_a_limit_is_counted_once(
    pulls: list[tuple[float, float | None, bool]], now_s: float
) -> None:
    """Ended above the limit, or failed, or not ended and above it already."""
    slow = SlowCounts([("pull_duration", 5.0)])
    over = of = waiting = 0
    for number, (began_s, took_s, ok) in enumerate(pulls):
        slow.began("pull_duration", str(number), began_s)
        slow.began("service_time", str(number), began_s)  # nobody limits it
        if took_s is None:
            waiting += now_s - began_s > 5.0
            continue
        ended_s = began_s + took_s
        slow.ended("pull_duration", str(number), ended_s, ok=ok)
        slow.ended("pull_duration", str(number), ended_s + 99, ok=False)  # it has ended already
        of, over = of + 1, over + (not ok or ended_s - began_s > 5.0)
    taken = slow.taken(now_s)
    keys = [slow_key("pull_duration", 5.0, what) for what in ("of", "over", "waiting")]
    assert [taken.get(key, 0) for key in keys] == [of, over, waiting]
