"""Pods of a made-up rollout, told to the rules as a cluster tells them."""

from collections.abc import Mapping
from typing import Any

from harness.clusters.rollouts.access_records import AccessRecord
from harness.clusters.rollouts.pod_story import PodStory
from harness.load.orders import PodOrder, RolloutOrder
from harness.seams import RequestKind

IMAGE = "registry.harness.test/app:v1"
ORDER = RolloutOrder(
    rollout="app-1",
    name="app",
    round=1,
    at_s=0.0,
    image=IMAGE,
    pull_policy="IfNotPresent",
    pods=tuple(PodOrder(pod=f"app-1-{n}", node="node-0") for n in range(2)),
)


def story(pod: str = "app-1-0", *, created_s: float = 1.0, node: str = "node-0") -> PodStory:
    return PodStory(
        order=ORDER,
        pod=pod,
        kubernetes_name="app-1-5d8c-x",
        created_s=created_s,
        node=node,
        scheduled_s=created_s,
    )


def tell(
    about: PodStory, at_s: float, reason: str, message: str, *, uid: str = "", count: int = 1
) -> list[tuple[float, str, str, str, str, str]]:
    """One event; each has an object of its own unless `uid` says otherwise."""
    return list(
        about.saw_event(
            at_s,
            uid=uid or f"{reason}{at_s}",
            count=count,
            kind="Normal",
            reason=reason,
            message=message,
        )
    )


def asked(at_s: float, done_s: float, **changes: Any) -> AccessRecord:
    """A request of node-0; a HEAD of the tag unless `changes` say otherwise."""
    usual: Mapping[str, Any] = {
        "node": "node-0",
        "kind": RequestKind.MANIFEST,
        "method": "HEAD",
        "path": "/v2/app/manifests/v1",
        "repository": "app",
        "status": 200,
        "first_byte_s": at_s,
        "sent_bytes": 0,
        "range_from": 0,
        "whole": True,
        "bitten_by": "",
    }
    return AccessRecord(at_s=at_s, done_s=done_s, **{**usual, **changes})
