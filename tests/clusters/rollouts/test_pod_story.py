"""One real pod as its watch and its events told it."""

import math

import pytest

from harness.clusters.rollouts.pod_story import PodState, pod_state
from harness.node import texts
from harness.recording.outcome import Cause, Outcome
from tests.clusters.rollouts.stories import IMAGE, story, tell

REFUSED = "dial tcp 172.18.0.1:5000: connect: connection refused"


def test_a_pull_has_the_kubelets_own_durations() -> None:
    """Kubernetes keeps whole seconds; the message has milliseconds."""
    pod = story()
    tell(pod, 2.0, "Pulling", texts.pulling(IMAGE))
    message = texts.pulled(IMAGE, pull_s=1.25, waiting_s=2.9, image_bytes=77)
    tell(pod, 5.0, "Pulled", message)
    [attempt] = pod.attempts
    assert (attempt.ended_s, attempt.pull_s, attempt.image_bytes) == (5.0, 1.25, 77)
    assert attempt.asked_s == pytest.approx(2.1)
    assert attempt.outcome is Outcome.OK


def test_each_failed_pull_is_an_attempt() -> None:
    """`Error: ErrImagePull` after it is none."""
    pod = story()
    for at_s in (2.0, 14.0):
        tell(pod, at_s, "Pulling", texts.pulling(IMAGE))
        tell(pod, at_s + 0.1, "Failed", texts.failed_to_pull(IMAGE, REFUSED))
        tell(pod, at_s + 0.1, "Failed", "Error: ErrImagePull", uid=f"e{at_s}")
    assert [it.number for it in pod.attempts] == [1, 2]
    assert {it.cause for it in pod.attempts} == {Cause.TCP}
    assert [it.ended_s for it in pod.attempts] == [2.1, 14.1]


def test_an_event_that_is_counted_up_is_heard_again_and_what_was_skipped_is_reported() -> None:
    """Kubernetes writes the same event once and counts: 1, then 3."""
    pod = story()
    assert tell(pod, 2.0, "Pulling", texts.pulling(IMAGE), uid="p")
    assert not tell(pod, 2.1, "Pulling", texts.pulling(IMAGE), uid="p")  # the watch began anew
    assert tell(pod, 30.0, "Pulling", texts.pulling(IMAGE), uid="p", count=3)
    assert (len(pod.attempts), pod.events_lost) == (2, 1)


def test_an_end_without_a_begin_is_still_an_attempt() -> None:
    """Its `Pulling` was lost."""
    pod = story()
    tell(pod, 4.0, "Failed", texts.failed_to_pull(IMAGE, REFUSED))
    [attempt] = pod.attempts
    assert (attempt.asked_s, attempt.ended_s) == (4.0, 4.0)


def test_a_pod_that_is_ready_without_a_word_on_its_image_lacks_events() -> None:
    """One whose image was present does not."""
    silent, present = story(), story()
    tell(present, 1.5, "Pulled", texts.already_present(IMAGE))
    for pod in (silent, present):
        list(pod.saw_pod(2.0, PodState(host="w", ready=True), "node-0"))
    assert (silent.lacks_pull_events, present.lacks_pull_events) == (True, False)
    assert present.present_s == 1.5


def test_the_published_reason_is_reported_when_it_changes() -> None:
    """As of an emulated node: `ContainerCreating` first, and nothing once it is ready."""
    pod = story(node="")
    pod.scheduled_s = math.nan
    waiting = PodState(host="w", waiting=("ErrImagePull", "refused"))
    rows = [
        row
        for at_s, state in enumerate(
            [PodState(), PodState(host="w"), PodState(host="w"), waiting, waiting]
        )
        for row in pod.saw_pod(float(at_s), state, "node-0" if state.host else "")
    ]
    assert [(row[0], row[4]) for row in rows] == [(1.0, "ContainerCreating"), (3.0, "ErrImagePull")]
    assert (pod.node, pod.scheduled_s) == ("node-0", 1.0)
    assert list(pod.saw_pod(9.0, PodState(host="w", ready=True), "node-0")) == []
    assert (pod.ready_s, pod.is_over) == (9.0, True)


def test_a_pod_that_is_deleted_is_over_but_was_never_ready() -> None:
    """A deletion after it was ready changes nothing."""
    pod, late = story(), story()
    pod.went(7.0)
    assert (pod.is_ready, pod.is_over, pod.gone_s) == (False, True, 7.0)
    list(late.saw_pod(2.0, PodState(host="w", ready=True), "node-0"))
    late.went(7.0)
    assert math.isnan(late.gone_s)


def test_what_a_pod_of_the_api_says_of_itself() -> None:
    """Its keys are Kubernetes' own; empty parts are left out by the API."""
    assert pod_state({"metadata": {}}) == PodState()
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off"}}
    pod = {
        "spec": {"nodeName": "worker"},
        "status": {
            "conditions": [{"type": "Ready", "status": "False"}],
            "containerStatuses": [{"state": waiting}],
        },
    }
    state = pod_state(pod)
    assert (state.host, state.ready) == ("worker", False)
    assert state.waiting == ("ImagePullBackOff", "Back-off")
    runs = {"imageID": f"registry.harness.test/app@sha256:{'a' * 64}", "state": {"running": {}}}
    conditions = [{"type": "Ready", "status": "True"}]
    ready = {"status": {"conditions": conditions, "containerStatuses": [runs]}}
    assert pod_state(ready).image_digest == f"sha256:{'a' * 64}"
    assert pod_state(ready).ready
