"""From the stories of pods and the gateway's records to rows of samples. Rules without I/O."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.clusters.rollouts.access_records import AccessRecord, parts_of, request_rows
from harness.clusters.rollouts.pod_story import Attempt, PodStory
from harness.recording.outcome import Cause, Outcome
from harness.recording.samples import POD_PARTS, PULL_PARTS


@dataclass(frozen=True, kw_only=True)
class Pull:
    """One attempt joined with what its node asked for meanwhile; it pulled from `started_s` on."""

    story: PodStory
    attempt: Attempt
    started_s: float
    ended_s: float
    asked: tuple[AccessRecord, ...]
    parts: Mapping[str, float]
    shared: bool = False

    @property
    def identity(self) -> str:
        return f"{self.story.pod}-{self.attempt.number}"

    @property
    def queue_s(self) -> float:
        return max(0.0, self.started_s - self.attempt.asked_s)

    @property
    def blob_bytes(self) -> int:
        return sum(it.sent_bytes for it in self.asked if it.path.find("/blobs/") >= 0)

    @property
    def brought_content(self) -> bool:
        """Whether layers came with it; of shared requests nobody knows, so a pull counts as one."""
        return self.blob_bytes > 0 or (self.shared and self.attempt.outcome is Outcome.OK)


@dataclass(frozen=True, kw_only=True)
class Joining:
    """What stories are joined with. `serial`: each node pulls one image after the other.

    `configs`: the digests of image configurations. `end_s`: when the watching ended. `shared`:
    requests do not tell their node (it is ""), so that only repository and time join them.
    """

    asked: Sequence[AccessRecord]
    configs: frozenset[str]
    serial: bool
    end_s: float
    shared: bool = False


def joined(stories: Sequence[PodStory], joining: Joining) -> list[Pull]:
    """Every attempt of every pod, by the time of its end; each request belongs to one at most.

    Events reach us late, requests are recorded as they come: an attempt has what its node asked
    for about its repository until it ended and no earlier attempt has.
    """
    free: dict[tuple[str, str], list[AccessRecord]] = {}
    for it in joining.asked:
        free.setdefault((it.node, it.repository), []).append(it)
    idle_since: dict[str, float] = {}
    attempts = [(story, attempt) for story in stories for attempt in story.attempts]
    pulls = []
    for story, attempt in sorted(attempts, key=lambda it: _end_s(it[1], joining.end_s)):
        ended_s = _end_s(attempt, joining.end_s)
        node = "" if joining.shared else story.node
        key = (node, _repository(story.order.image))
        asked = [it for it in free.get(key, ()) if it.at_s <= ended_s]
        free[key] = [it for it in free.get(key, ()) if it.at_s > ended_s]
        started_s = attempt.asked_s
        if not math.isnan(attempt.pull_s):
            started_s = ended_s - attempt.pull_s
        elif joining.serial:
            first_s = min((it.at_s for it in asked), default=ended_s)
            started_s = min(max(started_s, idle_since.get(story.node, 0.0)), first_s, ended_s)
        idle_since[story.node] = ended_s
        parts = parts_of(
            asked,
            start_s=started_s,
            end_s=ended_s,
            ok=attempt.outcome is Outcome.OK,
            configs=joining.configs,
        )
        pulls.append(
            Pull(
                story=story,
                attempt=attempt,
                started_s=started_s,
                ended_s=ended_s,
                asked=tuple(asked),
                parts=parts,
                shared=joining.shared,
            )
        )
    return pulls


def _end_s(attempt: Attempt, end_s: float) -> float:
    return end_s if math.isnan(attempt.ended_s) else attempt.ended_s


def _repository(image: str) -> str:
    """`team/app` of `registry.harness.test/team/app:v1`."""
    return image.partition("/")[2].rpartition(":")[0]


def pull_rows(pulls: Sequence[Pull]) -> Iterator[tuple[Any, ...]]:
    """Rows of the table `pulls`."""
    for it in pulls:
        attempt = it.attempt
        yield (
            it.identity,
            it.story.pod,
            it.story.node,
            it.story.order.image,
            attempt.number,
            it.started_s,
            it.ended_s,
            attempt.outcome.value,
            attempt.cause.value,
            attempt.error_text,
            it.blob_bytes,
            len(it.asked),
            math.nan,  # when the kubelet meant to begin only it knows
            it.queue_s,
            *(it.parts[part] for part in PULL_PARTS),
            0.0,
        )


def all_request_rows(pulls: Sequence[Pull], joining: Joining) -> Iterator[tuple[Any, ...]]:
    """Rows of the table `requests`: those of every pull, and those that belong to none."""
    claimed: set[int] = set()
    for pull in pulls:
        claimed.update(map(id, pull.asked))
        yield from request_rows(pull.asked, pull.identity)
    yield from request_rows([it for it in joining.asked if id(it) not in claimed], "")


def pod_rows(
    stories: Sequence[PodStory], pulls: Sequence[Pull], end_s: float
) -> Iterator[tuple[Any, ...]]:
    """Rows of the table `pods`: each pod's parts add up to the time from creation to its end."""
    by_pod: dict[str, list[Pull]] = {}
    for pull in pulls:
        by_pod.setdefault(pull.story.pod, []).append(pull)
    for story in stories:
        own = by_pod.get(story.pod, [])
        ended_s = next(
            (it for it in (story.ready_s, story.gone_s) if not math.isnan(it)),
            max(end_s, story.created_s),
        )
        failed = [it for it in own if it.attempt.outcome is Outcome.FAILED]
        cause = failed[-1].attempt.cause if failed and not story.is_ready else Cause.NONE
        parts = _pod_parts(story, own, ended_s)
        yield (
            story.pod,
            story.order.rollout,
            story.node,
            story.order.image,
            story.created_s,
            story.scheduled_s,
            story.ready_s,
            story.ready_s - story.created_s,
            "",
            (Outcome.OK if story.is_ready else Outcome.UNFINISHED).value,
            cause.value,
            len(own),
            story.is_ready and not any(it.brought_content for it in own),
            story.order.round,
            ended_s,
            *(parts[name] for name in POD_PARTS),
            story.image_digest,
            "",
        )


def _pod_parts(story: PodStory, pulls: Sequence[Pull], ended_s: float) -> dict[str, float]:
    """Walk through the pod's life; whatever lies between two pulls is back-off."""
    parts = dict.fromkeys(POD_PARTS, 0.0)
    since_s, part = story.created_s, "schedule_s"
    for pull in pulls:
        asked_s = min(max(since_s, pull.attempt.asked_s), ended_s)
        parts[part] += asked_s - since_s
        started_s = min(max(asked_s, pull.started_s), ended_s)
        parts["queue_s"] += started_s - asked_s
        pull_ended_s = min(max(started_s, pull.ended_s), ended_s)
        measured_s = sum(pull.parts.values())
        stretch = (pull_ended_s - started_s) / measured_s if measured_s > 0 else 0.0
        for name, seconds in pull.parts.items():
            parts[name] += seconds * stretch
        since_s = started_s if measured_s <= 0 else pull_ended_s
        part = "start_s" if pull.attempt.outcome is Outcome.OK else "backoff_s"
    if since_s < story.present_s < ended_s:  # another pod has brought the image meanwhile
        parts[part] += story.present_s - since_s
        since_s, part = story.present_s, "start_s"
    parts[part] += ended_s - since_s
    return parts
