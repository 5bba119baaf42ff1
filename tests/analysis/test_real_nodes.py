"""What real nodes counted by themselves, and how much of their pods was heard of."""

from harness.analysis.real_nodes import node_metrics, watched
from harness.recording.events import Event, NodeMetrics, PodsWatched, RunEnded

ENDED = RunEnded(at_s=9.0, reason="finished")


def test_counts_are_reported_by_node() -> None:
    """In the order of the nodes' names."""
    events: list[Event] = [
        NodeMetrics(at_s=9.0, node="node-1", counts={"pulls_ok": 2.0}),
        NodeMetrics(at_s=9.0, node="node-0", counts={}),
        ENDED,
    ]
    found = node_metrics(events)
    assert [(it.node, dict(it.counts)) for it in found] == [
        ("node-0", {}),
        ("node-1", {"pulls_ok": 2.0}),
    ]


def test_what_the_watching_was_worth() -> None:
    """Of emulated nodes nothing is watched."""
    event = PodsWatched(at_s=9.0, pods=12, pods_without_pull_event=1, events_lost=3)
    found = watched([event, ENDED])
    assert found is not None
    assert (found.pods, found.pods_without_pull_event, found.events_lost) == (12, 1, 3)
    assert watched([ENDED]) is None
