"""What real nodes counted by themselves, and how much of their pods was heard of."""

from collections.abc import Iterable

from harness.analysis.health_findings import NodeMetricsFinding, WatchFinding
from harness.recording.events import Event, NodeMetrics, PodsWatched


def node_metrics(events: Iterable[Event]) -> tuple[NodeMetricsFinding, ...]:
    """By the names of the nodes; none for emulated ones."""
    metrics = (event for event in events if isinstance(event, NodeMetrics))
    found = (NodeMetricsFinding(node=event.node, counts=dict(event.counts)) for event in metrics)
    return tuple(sorted(found, key=lambda it: it.node))


def watched(events: Iterable[Event]) -> WatchFinding | None:
    """What the watching of pods was worth; None for emulated nodes."""
    for event in events:
        if isinstance(event, PodsWatched):
            return WatchFinding(
                pods=event.pods,
                pods_without_pull_event=event.pods_without_pull_event,
                events_lost=event.events_lost,
            )
    return None
