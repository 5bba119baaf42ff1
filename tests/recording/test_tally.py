"""Abort rules are broken by a whole window, not by a moment."""

import pytest

from harness.recording.events import LoadTally
from harness.recording.tally import AbortRule, AbortWatch


def rule(metric: str = "pull_error_rate", over_s: float = 10.0, above: float = 0.5) -> AbortRule:
    return AbortRule(metric=metric, over_s=over_s, above=above, text="above 50% over 10s")


def tally(at_s: float, ok: int, failed: int, created: int = 0, ready: int = 0) -> LoadTally:
    return LoadTally(
        at_s=at_s, pulls_ok=ok, pulls_failed=failed, pods_created=created, pods_ready=ready
    )


def test_a_window_full_of_failures_aborts_with_the_rate_seen() -> None:
    """Ten seconds with 8 of 10 pulls failed pass a limit of half."""
    watch = AbortWatch((rule(),))
    assert watch.feed(tally(0, ok=5, failed=0)) is None
    aborted = watch.feed(tally(10, ok=7, failed=8))
    assert aborted is not None
    assert (aborted.metric, aborted.value) == ("pull_error_rate", 0.8)


@pytest.mark.parametrize(
    "tallies",
    [
        [tally(0, 0, 0), tally(9, 0, 50)],  # the window is not full yet
        [tally(0, 0, 0), tally(10, 5, 5)],  # at the limit is not above it
        [tally(0, 0, 9), tally(10, 3, 9)],  # the failures came before the window
        [tally(0, 4, 4), tally(10, 4, 4)],  # nothing ended in it
        [],
    ],
)
def test_anything_less_does_not_abort(tallies: list[LoadTally]) -> None:
    watch = AbortWatch((rule(),))
    assert [watch.feed(one) for one in tallies] == [None] * len(tallies)


def test_a_day_of_tallies_is_not_kept() -> None:
    """Only what the longest window needs stays in memory."""
    watch = AbortWatch((rule(over_s=10),))
    for second in range(1000):
        watch.feed(tally(second, ok=second, failed=0))
    assert len(watch._tallies) <= 12


def test_waiting_pods_are_a_share_of_those_created() -> None:
    watch = AbortWatch((rule("pods_waiting_share", over_s=0, above=0.5),))
    assert watch.feed(tally(1, 0, 0, created=4, ready=2)) is None
    assert watch.feed(tally(2, 0, 0, created=8, ready=2)) is not None
