"""What an emulated node keeps of one pod, and its row in the table `pods`."""

import math
from dataclasses import dataclass, field
from typing import Any

from harness.load.orders import RolloutOrder
from harness.load.pull_parts import Carried
from harness.recording.outcome import Cause, Outcome
from harness.recording.samples import POD_PARTS


@dataclass(kw_only=True)
class PodRecord:
    """One pod as its node saw it. All its time goes to one part or another, in seconds."""

    order: RolloutOrder
    pod: str
    created_s: float
    since_s: float  # when the part began that it is in
    part: str = "schedule_s"
    ready_s: float = math.nan
    attempts: int = 0
    blob_bytes: int = 0
    cause: Cause = Cause.NONE
    image_digest: str = ""
    parts: dict[str, float] = field(default_factory=lambda: dict.fromkeys(POD_PARTS, 0.0))

    def enter(self, part: str, at_s: float) -> None:
        """The part it was in is over, `part` begins."""
        self.parts[self.part] += at_s - self.since_s
        self.part, self.since_s = part, at_s

    def pulled(self, carried: Carried, ended_s: float) -> None:
        """Its pull is over: the parts that were measured, stretched to fill the pull's time."""
        measured_s = sum(carried.parts.values())
        stretch = (ended_s - self.since_s) / measured_s if measured_s > 0 else 0.0
        for name, seconds in carried.parts.items():
            self.parts[name] += seconds * stretch
        self.since_s = ended_s
        self.part = "start_s" if carried.result.outcome is Outcome.OK else "backoff_s"
        self.cause = carried.result.cause
        self.image_digest = carried.result.digest
        self.blob_bytes += carried.result.blob_bytes

    def row(self, node: str, outcome: Outcome, cause: Cause, ended_s: float) -> tuple[Any, ...]:
        """Its row of `pods` on `node`; its parts add up to the time from creation to `ended_s`."""
        return (
            self.pod,
            self.order.rollout,
            node,
            self.order.image,
            self.created_s,
            self.created_s,
            self.ready_s,
            self.ready_s - self.created_s,
            "",
            outcome.value,
            cause.value,
            self.attempts,
            self.blob_bytes == 0 and outcome is Outcome.OK,
            self.order.round,
            ended_s,
            *(self.parts[name] for name in POD_PARTS),
            self.image_digest,
            "",
        )
