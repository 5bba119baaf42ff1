"""The kubelet of one node, from a bound pod to a ready one, without a clock."""

import math
from collections.abc import Iterable

from harness.chance import Chance
from harness.node.actions import Action, PodSpec
from harness.node.commands import PullResult
from harness.node.settings import NodeSettings


class Kubelet:
    """Pods and moments in, actions out.

    After each call ask `next_due_s()` again and call `advance` at that time.
    """

    def __init__(
        self,
        *,
        node: str,
        settings: NodeSettings,
        chance: Chance,
        tick_phase_s: float,
        images: Iterable[str] = (),
    ) -> None:
        self.node = node
        self.images = set(images)

    def add_pod(self, now_s: float, pod: PodSpec) -> None:
        """Bind `pod` to this node."""

    def pull_ended(self, now_s: float, pull_id: str, result: PullResult) -> None:
        """Tell how the pull of a `StartPull` ended."""

    def next_due_s(self) -> float:
        """When `advance` has something to do; infinity while only pulls are waited for."""
        return math.inf

    def advance(self, now_s: float) -> list[Action]:
        """Do all that is due by `now_s`, in order."""
        return []
