"""The small frames that charts draw."""

from pathlib import Path

import pytest

from harness.analysis.series import MOST_POINTS, MOST_STEPS, MOST_WATERFALLS
from tests.recordings import NAN, RunFolder, analysed, outage


def test_the_ecdf_counts_pods_that_never_became_ready(tmp_path: Path) -> None:
    """Its curve ends below 100 %."""
    run = RunFolder()
    run.pod("a", 0, 1.0)
    run.pod("b", 0, NAN, ended_s=30)
    steps = analysed(run, tmp_path).series["delay_ecdf"]
    assert steps["share"].max() == 0.5


def test_the_waterfall_follows_the_attempts(tmp_path: Path) -> None:
    """Before, in, between and after them, without a gap."""
    analysis = analysed(outage(), tmp_path)
    segments = analysis.series["waterfall"]
    slowest = segments[segments["place"].eq(1)]
    pod = analysis.tables["pods"].set_index("pod").loc[slowest["pod"].iloc[0]]
    assert slowest["begin_s"].iloc[0] == pytest.approx(pod["created_s"])
    assert slowest["end_s"].iloc[-1] == pytest.approx(pod["ready_s"])
    gaps = slowest["begin_s"].to_numpy()[1:] - slowest["end_s"].to_numpy()[:-1]
    assert abs(gaps).max() < 1e-3
    assert slowest.groupby("part")["begin_s"].size()["backoff"] == 2


def test_waiting_in_a_nodes_queue_is_not_scheduling(tmp_path: Path) -> None:
    """A pull is due when its turn comes, and tells itself how long it had waited for that."""
    run = RunFolder()
    run.pod("a", 10, 8.0, start_s=1.0)
    run.pull("a/1", 15, 17, pod="a", due_s=15, queue_s=4.0)
    segments = analysed(run, tmp_path).series["waterfall"]
    assert segments[["part", "begin_s", "end_s"]].to_numpy().tolist()[:2] == [
        ["schedule", 10, 11],
        ["queue", 11, 15],
    ]


def test_a_pod_without_attempts_shows_its_parts(tmp_path: Path) -> None:
    """One after the other."""
    run = RunFolder()
    run.pod("a", 10, 3.0)
    segments = analysed(run, tmp_path).series["waterfall"]
    assert segments[["part", "begin_s", "end_s"]].to_numpy().tolist() == [
        ["download", 10, 12.5],
        ["start", 12.5, 13],
    ]


def test_a_pod_whose_image_another_pod_brought_was_in_backoff_until_then(tmp_path: Path) -> None:
    """Its own last attempt failed; it started without another."""
    run = RunFolder()
    run.pod("a", 10, 20.0, start_s=0.5, cached=True)
    run.pull("a/1", 11, 12, pod="a", outcome="failed", cause="tcp")
    segments = analysed(run, tmp_path).series["waterfall"]
    assert segments[["part", "begin_s", "end_s"]].to_numpy().tolist()[-2:] == [
        ["backoff", 12, 29.5],
        ["start", 29.5, 30],
    ]


def test_an_attempt_that_never_ended_lasts_as_long_as_its_pod_was_watched(tmp_path: Path) -> None:
    """The run was killed under it."""
    run = RunFolder()
    run.pod("a", 10, NAN, ended_s=50)
    run.pull("a/1", 12, NAN, pod="a", outcome="unfinished")
    segments = analysed(run, tmp_path).series["waterfall"]
    assert segments["end_s"].iloc[-1] == 50


def test_no_series_grows_with_the_samples(tmp_path: Path) -> None:
    """Five thousand pods become a choice that keeps the slowest and everything odd about them."""
    run = RunFolder()
    for number in range(5000):
        run.pod(f"pod-{number}", number / 10, 1 + number / 5000)
    run.pod("stuck", 1, NAN, ended_s=400)
    series = analysed(run, tmp_path).series
    assert len(series["delay_points"]) <= MOST_POINTS
    assert "stuck" in set(series["delay_points"]["pod"])
    assert series["waterfall"]["pod"].nunique() == MOST_WATERFALLS
    assert len(series["delay_ecdf"]) <= MOST_STEPS + 2
