"""What became of pods: how late they were, which part took how long, how they recovered."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class QuantileFinding:
    """A quantile with its 95 % bootstrap interval; `value_s` null: more than `more_than_s`."""

    value_s: float | None
    more_than_s: float | None
    low_s: float | None
    high_s: float | None


@dataclass(frozen=True, kw_only=True)
class DelayFinding:
    """Deployment delay of a group of pods.

    `group`: "all", "phase" or "fault"; `population`: "all" pods, or only those that became "ready"
    (too favourable; for comparison). Pods that never became ready count as later than all.
    """

    group: str
    name: str
    population: str
    pods: int
    ready: int
    failed: int
    unfinished: int
    missing: int
    cached: int
    p50: QuantileFinding
    p90: QuantileFinding
    p95: QuantileFinding
    p99: QuantileFinding
    max: QuantileFinding


@dataclass(frozen=True, kw_only=True)
class PartsFinding:
    """Mean seconds that a pod of the group spent in each part of its delay, ready or not."""

    group: str
    name: str
    pods: int
    mean_s: Mapping[str, float]
    share: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class RecoveryFinding:
    """The recovery after one occurrence of a fault was removed.

    `first_success_wait_s`: until the first successful pull or push in scope (null: never, or, with
    `tried_again` false, nothing in scope was tried any more); `recovery_wait_s`: until every
    pod that was waiting had become ready (0 when none was; null with `more_than_s` when some never
    did). `retry_wait_*`: how long pods stayed in back-off after the fault was removed.
    """

    fault: str
    occurrence: int
    healed_s: float
    tried_again: bool
    first_success_wait_s: float | None
    pods_waiting: int
    pods_never_ready: int
    recovery_wait_s: float | None
    more_than_s: float | None
    retry_wait_median_s: float | None
    retry_wait_max_s: float | None


@dataclass(frozen=True, kw_only=True)
class BreakdownFinding:
    """Pods and pulls of one image or one rollout in a phase ("" for the whole run).

    `group`: "image" (in all its versions) or "rollout" (in all its rounds); only where there are
    several. `p50` and the like are of the deployment delay of all its pods, ready or not;
    `pull_p50` of the duration of pulls that succeeded. Background pulls have no rollout.
    """

    group: str
    name: str
    phase: str
    pods: int
    ready: int
    failed: int
    unfinished: int
    missing: int
    p50: QuantileFinding
    p90: QuantileFinding
    p95: QuantileFinding
    max: QuantileFinding
    pulls: int
    pulls_failed: int
    pull_error_rate: float | None
    pull_bytes_sum: int
    pulls_ok: int
    pull_p50: QuantileFinding
    pull_p95: QuantileFinding


@dataclass(frozen=True, kw_only=True)
class RecoveryBreakdown(RecoveryFinding):
    """The recovery after one fault was removed, of one image or one rollout."""

    group: str
    name: str


@dataclass(frozen=True, kw_only=True)
class BackoffFinding:
    """Time that pods lost waiting for kubelet to try again."""

    phase: str
    pods: int
    pods_in_backoff: int
    sum_s: float
    mean_s: float | None
    max_s: float | None


@dataclass(frozen=True, kw_only=True)
class WrongImage:
    """Pods that run `image_digest` under a name that was built as `built_digest`.

    `is_image`: the other name under which it was built, "" when it is none of this run's.
    """

    image: str
    built_digest: str
    image_digest: str
    is_image: str
    pods: int
    nodes: int
    first_s: float


@dataclass(frozen=True, kw_only=True)
class RightImageFinding:
    """Ready pods whose digest is known, and those of them that run another image than was built."""

    pods: int
    wrong: int
    images: tuple[WrongImage, ...]
