"""Which planned pod each real one is, and what became of it."""

from dataclasses import replace
from typing import Any

from harness.clusters.rollouts.watch import Watching
from harness.load.counts import Counts
from harness.load.orders import PodOrder
from harness.node import texts
from tests.clusters.rollouts.stories import IMAGE, ORDER


def pod(uid: str, *, host: str = "", ready: bool = False, rollout: str = "app-1") -> dict[str, Any]:
    condition = {"type": "Ready", "status": "True" if ready else "False"}
    labels = {"harness.run": "ab12", "harness.rollout": rollout}
    return {
        "metadata": {"uid": uid, "name": f"app-1-5d-{uid}", "labels": labels},
        "spec": {"nodeName": host},
        "status": {"conditions": [condition]},
    }


def event(about: str, reason: str, message: str) -> dict[str, Any]:
    return {
        "metadata": {"uid": f"{about}{reason}{message}"},
        "involvedObject": {"kind": "Pod", "uid": about},
        "type": "Normal",
        "reason": reason,
        "message": message,
    }


class Standing:
    """A watching whose clock stands still until it is set."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.counts = Counts()
        self.watching = Watching([ORDER], {"worker": "node-0"}, lambda: self.now_s, self.counts)


def test_pods_get_the_plans_names_in_the_order_of_their_creation() -> None:
    """A third one, which replaces another, keeps Kubernetes' name."""
    here = Standing()
    for uid in ("a", "b", "c"):
        here.watching.pod_changed("ADDED", pod(uid))
    names = [story.pod for story in here.watching.stories]
    assert names == ["app-1-0", "app-1-1", "app-1-5d-c"]
    assert here.counts.pods_created == 3


def test_pods_of_others_are_none_of_ours() -> None:
    """Of no planned rollout, or not even of a run."""
    here = Standing()
    here.watching.pod_changed("ADDED", pod("a", rollout="web-1"))
    assert here.watching.stories == ()


def test_a_round_is_ready_when_all_its_pods_are_and_over_when_nothing_more_comes() -> None:
    """A deleted pod is over too."""
    here = Standing()
    watching = here.watching
    watching.pod_changed("ADDED", pod("a"))
    watching.pod_changed("MODIFIED", pod("a", host="worker", ready=True))
    assert not watching.is_over(ORDER)
    watching.pod_changed("ADDED", pod("b"))
    watching.pod_changed("DELETED", pod("b"))
    assert (watching.is_ready(ORDER), watching.is_over(ORDER)) == (False, True)
    assert here.counts.pods_ready == 1
    assert watching.stories[0].node == "node-0"


def test_pods_that_a_scaling_adds_are_its_own() -> None:
    """They bear the label of the round whose template they have."""
    rolling = replace(ORDER, max_surge="1", max_unavailable="0")
    more = replace(
        rolling,
        rollout="app-2",
        round=2,
        at_s=5.0,
        change="scale",
        pods=(PodOrder(pod="app-2-0", node="node-0"),),
    )
    now_s = [0.0]
    watching = Watching([rolling, more], {}, lambda: now_s[0], Counts())
    for uid in ("a", "b", "early"):
        watching.pod_changed("ADDED", pod(uid))
    now_s[0] = 5.0
    watching.pod_changed("ADDED", pod("c"))
    names = [(story.order.rollout, story.pod) for story in watching.stories]
    assert names == [
        ("app-1", "app-1-0"),
        ("app-1", "app-1-1"),
        ("app-1", "app-1-5d-early"),
        ("app-2", "app-2-0"),
    ]


def test_an_event_may_come_before_its_pod() -> None:
    """Two watches keep no order between them."""
    here = Standing()
    here.watching.event_came(event("a", "Pulling", texts.pulling(IMAGE)))
    assert here.watching.event_rows == []
    here.watching.pod_changed("ADDED", pod("a"))
    failed = texts.failed_to_pull(IMAGE, "refused")
    here.watching.event_came(event("a", "Failed", failed))
    [story] = here.watching.stories
    assert [attempt.error_text for attempt in story.attempts] == ["refused"]
    assert (here.counts.pulls_ok, here.counts.pulls_failed) == (0, 1)
    assert [row[4] for row in here.watching.event_rows] == ["Pulling", "Failed"]
