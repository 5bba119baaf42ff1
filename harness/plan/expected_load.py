"""What the load will request when nothing fails."""

from collections import Counter
from dataclasses import dataclass

from harness.load.orders import (
    LoadOrders,
)
from harness.oci.images import plan_image
from harness.plan.rollouts import Versions

# Those of a containerd pull that log in: its resolver and its fetcher do it apart.
_LOGINS = 2


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Totals of the whole load."""

    pods: int
    pulls: int
    pushes: int
    requests: int
    pulled_bytes: int
    pushed_bytes: int


def expected_load(
    load: LoadOrders, versions: Versions, *, auth: str, login_requests: int
) -> Expected:
    """Each node pulls an image once; each background pull is cold.

    With the policy Always, the further pods of a node ask which digest the tag has, no more.
    """
    on_nodes = {(it.image, pod.node) for it in load.rollouts for pod in it.pods}
    pulled = Counter(image for image, _ in on_nodes)
    for stream in load.pulls:
        pulled[stream.image] += len(stream.due_s)
    planned = {image: plan_image(versions.spec(image)) for image in pulled}
    tokens = _LOGINS * login_requests if auth == "token" else 0
    return Expected(
        pods=sum(len(it.pods) for it in load.rollouts),
        pulls=pulled.total(),
        pushes=sum(len(it.due_s) for it in load.pushes),
        requests=sum(
            count * (planned[image].total_requests + tokens) for image, count in pulled.items()
        )
        + _tag_requests(load) * (1 + tokens // 2),
        pulled_bytes=sum(count * planned[image].total_bytes for image, count in pulled.items()),
        pushed_bytes=sum(it.blob_bytes * len(it.due_s) for it in load.pushes),
    )


def _tag_requests(load: LoadOrders) -> int:
    """Pods that only ask for the tag: of the policy Always, on a node that has the image."""
    have: set[tuple[str, str]] = set()
    again = 0
    for rollout in sorted(load.rollouts, key=lambda it: it.at_s):
        for pod in rollout.pods:
            again += rollout.pull_policy == "Always" and (rollout.image, pod.node) in have
            have.add((rollout.image, pod.node))
    return again
