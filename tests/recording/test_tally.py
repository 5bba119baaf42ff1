"""Abort rules are broken by a whole window, not by a moment."""

import pytest

from harness.recording.events import LoadTally
from harness.recording.metrics import METRICS
from harness.recording.tally import ABORT_METRICS, AbortRule, AbortWatch, slow_key


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


SHARES = [
    ("request_error_rate", {"requests": 100}, {"requests": 110, "requests_failed": 6}, 0.6),
    ("push_error_rate", {"pushes_ok": 5}, {"pushes_ok": 6, "pushes_failed": 3}, 0.75),
    ("push_error_rate", {"pushes_ok": 5}, {"pushes_ok": 8, "pushes_failed": 3}, None),
    ("push_error_rate", {"pushes_ok": 5}, {"pushes_ok": 5}, None),
]


@pytest.mark.parametrize(("metric", "before", "after", "value"), SHARES)
def test_shares_are_of_what_ended_in_the_window(
    metric: str, before: dict[str, int], after: dict[str, int], value: float | None
) -> None:
    """None: not above the limit, or nothing to judge."""
    watch = AbortWatch((rule(metric),))
    assert watch.feed(LoadTally(at_s=0, **before)) is None  # type: ignore[arg-type]  # counts
    aborted = watch.feed(LoadTally(at_s=10, **after))  # type: ignore[arg-type]  # counts
    assert (None if aborted is None else aborted.value) == value


def test_pods_ready_is_below_its_limit_when_those_that_had_the_time_are_not() -> None:
    """Pods that were created within the window are given the whole of it."""
    below = AbortRule(metric="pods_ready", over_s=10, below=0.5, text="below 50% over 10 s")
    watch = AbortWatch((below,))
    assert watch.feed(tally(0, 0, 0, created=0)) is None
    assert watch.feed(tally(10, 0, 0, created=8)) is None
    assert watch.feed(tally(20, 0, 0, created=99, ready=4)) is None
    aborted = watch.feed(tally(20, 0, 0, created=99, ready=3))
    assert aborted is not None
    assert aborted.reason == "abort_when: pods_ready was 38%, below 50% over 10 s"


@pytest.mark.parametrize(
    ("over", "of", "waiting", "breaks"),
    [
        (1, 20, 0, False),  # the 19th of 20 is quick
        (2, 20, 0, True),
        (2, 19, 0, False),  # a p95 needs 20 samples
        (0, 19, 1, False),
        (1, 19, 1, True),  # what has not ended is one of the slow ones
        (0, 0, 20, True),
    ],
)
def test_a_quantile_is_above_its_limit_when_too_many_take_longer(
    over: int, of: int, waiting: int, *, breaks: bool
) -> None:
    """By nearest rank, as expectations have it; counts before the window are taken off."""
    p95 = AbortRule(
        metric="pull_duration", over_s=10, above=2.0, quantile=0.95, text="above 2 s over 10 s"
    )
    watch, old = AbortWatch((p95,)), {"over": 7, "of": 30, "waiting": 9}

    def slow(at_s: float, **counts: int) -> LoadTally:
        named = {slow_key("pull_duration", 2.0, what): it for what, it in counts.items()}
        return LoadTally(at_s=at_s, slow=named)

    assert watch.feed(slow(0, **old)) is None
    aborted = watch.feed(slow(10, over=7 + over, of=30 + of, waiting=waiting))
    assert (aborted is not None) is breaks
    if aborted:
        said = f"{over + waiting} of {of + waiting} took longer"
        assert aborted.reason == f"abort_when: pull_duration p95 was above 2 s over 10 s: {said}"


@pytest.mark.parametrize("metric", [name for name, it in METRICS.items() if it.live != "nowhere"])
def test_each_metric_that_is_live_can_be_watched(metric: str) -> None:
    """A new one in the table is either computed here, or says that it is not."""
    limit = 2.0 if ABORT_METRICS[metric].unit == "s" else 0.5
    watch = AbortWatch((rule(metric, over_s=1, above=limit),))
    assert [watch.feed(tally(at_s, 1, 1)) for at_s in (0, 1, 2)] == [None] * 3
