"""The kubelet as a table: moments in, actions out, and the times that a real node keeps."""

import math
from collections.abc import Callable
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.chance import Chance
from harness.node.actions import (
    Action,
    PodEvent,
    PodReady,
    PodRunning,
    PodSpec,
    PullThrottled,
    StartPull,
    WaitingReason,
)
from harness.node.commands import PullResult
from harness.node.kubelet import Kubelet
from harness.node.settings import NodeSettings, PullPolicy
from harness.recording.outcome import Cause, Outcome

IMAGE = "registry.harness.test/app:v1"
FAILED = PullResult(outcome=Outcome.FAILED, cause=Cause.RATE, error_text="why")
PULLED = PullResult(outcome=Outcome.OK, image_bytes=1234)

Judge = Callable[[StartPull], tuple[float, PullResult]]  # how long a pull takes, and its end


def new_kubelet(
    seed: int = 1, *, phase_s: float = 0.25, settings: NodeSettings | None = None
) -> Kubelet:
    return Kubelet(
        node=f"node-{seed}",
        settings=settings or NodeSettings(),
        chance=Chance(seed, "kubelet"),
        tick_phase_s=phase_s,
    )


def pod(name: str = "pod-1", *, pull_policy: PullPolicy = "IfNotPresent") -> PodSpec:
    return PodSpec(pod=name, image=IMAGE, pull_policy=pull_policy)


def run(kubelet: Kubelet, judge: Judge, *, until_s: float = 400.0) -> list[Action]:
    """Drive `kubelet` until it has nothing left to do."""
    actions: list[Action] = []
    ends: list[tuple[float, str, PullResult]] = []
    while True:
        now_s = min(kubelet.next_due_s(), ends[0][0] if ends else math.inf)
        if now_s > until_s:
            return actions
        if ends and ends[0][0] <= now_s:
            at_s, pull_id, result = ends.pop(0)
            kubelet.pull_ended(at_s, pull_id, result)
        for action in kubelet.advance(now_s):
            actions.append(action)
            if isinstance(action, StartPull):
                seconds, result = judge(action)
                ends.append((action.due_s + seconds, action.pull_id, result))
                ends.sort(key=lambda end: end[0])


def fails_until(heal_s: float, *, takes_s: float = 0.05) -> Judge:
    def judge(start: StartPull) -> tuple[float, PullResult]:
        return takes_s, FAILED if start.due_s < heal_s else PULLED

    return judge


def attempts_s(actions: list[Action]) -> list[float]:
    return [action.due_s for action in actions if isinstance(action, StartPull)]


def events(actions: list[Action], name: str = "pod-1") -> list[str]:
    return [
        f"{action.type} {action.reason} {action.message}"
        for action in actions
        if isinstance(action, PodEvent) and action.pod == name
    ]


def back_offs_s(actions: list[Action]) -> list[float]:
    return [
        action.due_s
        for action in actions
        if isinstance(action, PodEvent) and action.reason == "BackOff"
    ]


def test_a_pull_that_works() -> None:
    """Pulling, Pulled, Started; running 0.1 s after the pull, seen within a second."""
    kubelet = new_kubelet()
    kubelet.add_pod(0.0, pod())
    actions = run(kubelet, fails_until(0.0, takes_s=1.2344))
    assert events(actions) == [
        f'Normal Pulling Pulling image "{IMAGE}"',
        (
            f'Normal Pulled Successfully pulled image "{IMAGE}" in 1.234s '
            "(1.234s including waiting). Image size: 1234 bytes."
        ),
        "Normal Created Created container: app",
        "Normal Started Started container app",
    ]
    (attempt_s,) = attempts_s(actions)
    assert 0.39 <= attempt_s <= 0.51
    (running,) = [action for action in actions if isinstance(action, PodRunning)]
    assert running.due_s == pytest.approx(attempt_s + 1.2344 + 0.1)
    (ready,) = [action for action in actions if isinstance(action, PodReady)]
    assert 0.04 <= ready.due_s - running.due_s <= 1.0
    reasons = [action.reason for action in actions if isinstance(action, WaitingReason)]
    assert reasons == ["ContainerCreating"]
    assert IMAGE in kubelet.images


def test_events_and_published_reasons_of_a_pod_that_backs_off() -> None:
    """Events at once; the published reason is that of the sync before."""
    kubelet = new_kubelet()
    kubelet.add_pod(0.0, pod())
    actions = run(kubelet, fails_until(30.0), until_s=80.0)
    story = [
        action.reason if isinstance(action, WaitingReason) else f"<{action.reason}>"
        for action in actions
        if isinstance(action, PodEvent | WaitingReason)
    ]
    failed = ["<Pulling>", "<Failed>", "<Failed>"]
    assert story == [
        "ContainerCreating",
        *failed,
        "ErrImagePull",
        "<BackOff>",
        "<Failed>",
        "ImagePullBackOff",
        *failed,
        "ErrImagePull",
        "<BackOff>",
        "<Failed>",
        "ImagePullBackOff",
        "<Pulling>",
        "<Pulled>",
        "<Created>",
        "<Started>",
    ]
    assert events(actions)[1:5] == [
        f'Warning Failed Failed to pull image "{IMAGE}": why',
        "Warning Failed Error: ErrImagePull",
        f'Normal BackOff Back-off pulling image "{IMAGE}"',
        "Warning Failed Error: ImagePullBackOff",
    ]
    messages = [action.message for action in actions if isinstance(action, WaitingReason)]
    assert messages[1:3] == ["why", f'Back-off pulling image "{IMAGE}": ErrImagePull: why']


MEASURED = [  # least, median, most; 63 runs on a real node (Kubernetes 1.34.4)
    ("apply to attempt 1", 0.5, 0.56, 1.6),
    ("attempt 1 to first BackOff", 0.0, 0.91, 1.0),
    ("first BackOff to attempt 2", 10.3, 12.9, 15.9),
    ("attempt 2 to second BackOff", 11.0, 13.0, 16.0),
    ("second BackOff to attempt 3", 11.0, 13.0, 15.0),
]


def test_the_times_of_a_real_node() -> None:
    """500 pods that fail fast for 30 s keep within what was measured, and near its median."""
    gaps: list[list[float]] = [[] for _ in MEASURED]
    for seed in range(500):
        kubelet = new_kubelet(seed, phase_s=Chance(seed, "phase").fraction("tick"))
        kubelet.add_pod(0.0, pod())
        actions = run(kubelet, fails_until(30.0), until_s=60.0)
        attempt, offs = attempts_s(actions), back_offs_s(actions)
        moments = [0.0, attempt[0], offs[0], attempt[1], offs[1], attempt[2]]
        for gap, one, other in zip(gaps, moments, moments[1:], strict=False):
            gap.append(other - one)
    for gap, (name, least, middle, most) in zip(gaps, MEASURED, strict=True):
        assert least - 0.3 <= min(gap), name  # the rule allows 10.0 s, 63 runs met 10.3
        assert max(gap) <= most + 0.1, name
        assert abs(median(gap) - middle) < 0.2, name
    whole_seconds = {round(gap, 6) for gap in gaps[4]}
    assert whole_seconds == {11.0, 12.0, 13.0, 14.0, 15.0}


def test_retries_start_on_the_nodes_tick() -> None:
    """One phase for ever, whatever the pull before took."""
    kubelet = new_kubelet(phase_s=0.25)
    kubelet.add_pod(0.0, pod())
    actions = run(kubelet, fails_until(1e9, takes_s=0.333), until_s=400.0)
    assert len(attempts_s(actions)) >= 5
    for at_s in attempts_s(actions)[1:]:
        assert at_s % 1.0 == pytest.approx(0.25)


def test_attempts_come_no_sooner_than_the_back_off_and_at_most_a_sync_later() -> None:
    """10, 20, 40, 80, 160 s after the end of the failed pull, and less than 16 s more."""
    for seed in range(50):
        kubelet = new_kubelet(seed)
        kubelet.add_pod(0.0, pod())
        attempt = attempts_s(run(kubelet, fails_until(1e9), until_s=1500.0))
        windows = [10, 20, 40, 80, 160, 300, 300]
        for window_s, one, other in zip(windows, attempt, attempt[1:], strict=False):
            assert window_s <= other - one - 0.05 <= window_s + 16


def test_a_pull_that_fails_slowly_is_followed_by_its_back_off_at_once() -> None:
    """The PLEG's sync waited for the pull."""
    kubelet = new_kubelet()
    kubelet.add_pod(0.0, pod())
    actions = run(kubelet, fails_until(1e9, takes_s=30.0), until_s=40.0)
    assert back_offs_s(actions)[0] == attempts_s(actions)[0] + 30.0


def test_if_not_present_does_not_pull_what_is_there() -> None:
    """No pull, and the event says so; Always pulls it."""
    policies: list[tuple[PullPolicy, int]] = [("IfNotPresent", 0), ("Always", 1)]
    for policy, pulls in policies:
        kubelet = new_kubelet()
        kubelet.images.add(IMAGE)
        kubelet.add_pod(0.0, pod(pull_policy=policy))
        actions = run(kubelet, fails_until(0.0))
        assert len(attempts_s(actions)) == pulls
        assert any(isinstance(action, PodReady) for action in actions)
        present = f'Normal Pulled Container image "{IMAGE}" already present on machine'
        assert (present in events(actions)) is (pulls == 0)


def test_an_image_that_another_pod_brought_ends_the_back_off() -> None:
    """Presence is asked before the back-off."""
    kubelet = new_kubelet()
    kubelet.add_pod(0.0, pod("pod-1"))
    kubelet.add_pod(5.0, pod("pod-2"))
    actions = run(kubelet, fails_until(5.0))
    assert len([action for action in actions if isinstance(action, StartPull)]) == 2
    assert events(actions, "pod-1")[-3].endswith("already present on machine")


def test_serial_pulls_wait_in_order_after_their_event() -> None:
    """`Pulling` comes before the wait; the wait shows in `including waiting`."""
    kubelet = new_kubelet()
    for number in range(3):
        kubelet.add_pod(0.0, pod(f"pod-{number}", pull_policy="Always"))
    actions = run(kubelet, fails_until(0.0, takes_s=2.0))
    starts = [action for action in actions if isinstance(action, StartPull)]
    assert [round(start.due_s - starts[0].due_s, 6) for start in starts] == [0.0, 2.0, 4.0]
    assert all(start.asked_s < 1.7 for start in starts)
    assert [start.asked_s for start in starts] == sorted(start.asked_s for start in starts)
    last = events(actions, starts[2].pod)[1]
    waited_s = float(last.split("(")[1].split("s including")[0])
    assert " in 2s (" in last
    assert waited_s == pytest.approx(starts[2].due_s - starts[2].asked_s + 2.0, abs=0.002)


@pytest.mark.parametrize(("limit", "together"), [(0, 6), (2, 2)])
def test_parallel_pulls(limit: int, together: int) -> None:
    """Without a limit all at once, with one no more than that."""
    kubelet = new_kubelet(
        settings=NodeSettings(serialize_image_pulls=False, max_parallel_image_pulls=limit)
    )
    for number in range(6):
        kubelet.add_pod(0.0, pod(f"pod-{number}"))
    under_way = most = 0
    for action in kubelet.advance(2.0):
        under_way += isinstance(action, StartPull)
        most = max(most, under_way)
    assert most == together


def test_pulls_over_the_qps_limit_fail_and_back_off() -> None:
    """A burst of ten, the eleventh is refused without a request."""
    kubelet = new_kubelet(settings=NodeSettings(serialize_image_pulls=False, registry_pull_qps=1))
    for number in range(12):
        kubelet.add_pod(0.0, pod(f"pod-{number}", pull_policy="Always"))
    actions = run(kubelet, fails_until(0.0), until_s=100.0)
    throttled = [action for action in actions if isinstance(action, PullThrottled)]
    assert len(throttled) == 2
    story = events(actions, throttled[0].pod)
    assert story[1] == f'Warning Failed Failed to pull image "{IMAGE}": pull QPS exceeded'
    assert story[3].startswith("Normal BackOff")
    assert len([action for action in actions if isinstance(action, PodReady)]) == 12


def test_two_pods_of_one_image_back_off_on_their_own() -> None:
    """Each by its own draws."""
    kubelet = new_kubelet()
    kubelet.add_pod(0.0, pod("pod-1"))
    kubelet.add_pod(0.0, pod("pod-2"))
    actions = run(kubelet, fails_until(1e9), until_s=200.0)
    mine, other = (
        [action.due_s for action in actions if isinstance(action, StartPull) and action.pod == name]
        for name in ("pod-1", "pod-2")
    )
    assert mine != other


def test_a_late_driver_does_not_move_the_ticks() -> None:
    """Asked seconds late, the kubelet still says when it was due."""
    kubelet = new_kubelet(phase_s=0.25)
    kubelet.add_pod(0.0, pod())
    (start,) = [action for action in kubelet.advance(3.0) if isinstance(action, StartPull)]
    assert start.due_s < 0.7
    kubelet.pull_ended(3.0, start.pull_id, FAILED)
    kubelet.advance(3.0)
    assert kubelet.next_due_s() % 1.0 == pytest.approx(0.25)


def test_waiting_costs_nothing() -> None:
    """A node in back-off has exactly one thing planned, 10 s ahead and more."""
    kubelet = new_kubelet()
    kubelet.add_pod(0.0, pod())
    (start,) = [action for action in kubelet.advance(1.0) if isinstance(action, StartPull)]
    kubelet.pull_ended(1.0, start.pull_id, FAILED)
    kubelet.advance(2.0)
    assert kubelet.next_due_s() > 11.0
    assert kubelet.advance(11.0) == []


def test_a_removed_pod_says_nothing_more() -> None:
    """Its pull ends, its image is there, and the next pod gets the worker."""
    kubelet = new_kubelet()
    kubelet.add_pod(0.0, pod("pod-1", pull_policy="Always"))
    kubelet.add_pod(1.0, pod("pod-2", pull_policy="Always"))
    (start,) = [action for action in kubelet.advance(1.0) if isinstance(action, StartPull)]
    kubelet.remove_pod("pod-1")
    kubelet.advance(5.0)
    kubelet.pull_ended(6.0, start.pull_id, PULLED)
    actions = kubelet.advance(6.0)
    assert [type(action).__name__ for action in actions] == ["StartPull"]
    assert IMAGE in kubelet.images


def test_a_name_that_is_taken_is_refused() -> None:
    """With the pod and the node in the message."""
    kubelet = new_kubelet()
    kubelet.add_pod(0.0, pod())
    with pytest.raises(ValueError, match=r"pod 'pod-1': node 'node-1' has a pod of this name"):
        kubelet.add_pod(1.0, pod())


@settings(max_examples=50)
@given(
    seed=st.integers(0, 10_000),
    phase_s=st.floats(0, 0.999),
    heal_s=st.floats(0, 200),
    takes_s=st.floats(0, 40),
    serial=st.booleans(),
)
def test_every_pod_gets_ready_and_time_never_goes_back(
    *, seed: int, phase_s: float, heal_s: float, takes_s: float, serial: bool
) -> None:
    """Whatever the seed, the phase and the length of the pulls."""
    kubelet = new_kubelet(
        seed, phase_s=phase_s, settings=NodeSettings(serialize_image_pulls=serial)
    )
    for number in range(3):
        kubelet.add_pod(0.0, pod(f"pod-{number}", pull_policy="Always"))
    actions = run(kubelet, fails_until(heal_s, takes_s=takes_s), until_s=3000.0)
    assert len([action for action in actions if isinstance(action, PodReady)]) == 3
    times = [action.due_s for action in actions]
    assert times == sorted(times)
    assert kubelet.next_due_s() == math.inf


def test_a_limit_that_is_lowered_refuses_from_then_on_and_may_be_raised_again() -> None:
    """Each time with a full bucket, as after a restart."""
    kubelet = new_kubelet(settings=NodeSettings(serialize_image_pulls=False))
    for number in range(6):
        kubelet.add_pod(0.0, pod(f"pod-{number}", pull_policy="Always"))
    kubelet.limit_pulls(1, 2)
    first = kubelet.advance(0.7)
    assert sum(isinstance(action, StartPull) for action in first) == 2
    assert sum(isinstance(action, PullThrottled) for action in first) == 4
    kubelet.limit_pulls(5, 10)
    for number in range(6, 12):
        kubelet.add_pod(1.0, pod(f"pod-{number}", pull_policy="Always"))
    later = [action for action in kubelet.advance(1.7) if isinstance(action, StartPull)]
    assert len(later) == 6


MISSING = "FailedToRetrieveImagePullSecret"


def test_a_missing_secret_is_reported_at_each_sync() -> None:
    """Also in back-off and after the container started; the pull is tried all the same."""
    kubelet = new_kubelet()
    kubelet.missing_secrets = ("one", "two")
    kubelet.add_pod(0.0, pod())
    told = run(kubelet, lambda start: (0.05, FAILED if start.attempt < 2 else PULLED))
    named = [it for it in told if isinstance(it, PodEvent) and it.reason != "Failed"]
    assert [it.reason for it in named] == [
        *(MISSING, "Pulling", MISSING, "BackOff", MISSING, "Pulling", "Pulled"),
        *("Created", "Started", MISSING),
    ]
    (message,) = {it.message for it in named if it.reason == MISSING}
    assert message == (
        "Unable to retrieve some image pull secrets (one, two); "
        "attempting to pull the image may not succeed."
    )
    assert named[-1].due_s == told[-1].due_s
    assert isinstance(told[-1], PodReady)


@given(seed=st.integers(1, 10_000), heal_s=st.floats(0, 200), there_s=st.floats(0, 400))
def test_a_secret_that_comes_is_not_missed_any_more(
    seed: int, heal_s: float, there_s: float
) -> None:
    """Whatever the times: one event for each sync before it is there, none after."""
    kubelet = new_kubelet(seed)
    kubelet.missing_secrets = ("one",)
    kubelet.add_pod(0.0, pod())

    def judge(start: StartPull) -> tuple[float, PullResult]:
        if start.due_s >= there_s:
            kubelet.missing_secrets = ()
        return fails_until(heal_s)(start)

    told = run(kubelet, judge)
    syncs_s = [it.due_s for it in told if isinstance(it, PodReady | StartPull)]
    syncs_s += [it.due_s for it in told if isinstance(it, PodEvent) and it.reason == "BackOff"]
    gone_s = min((it for it in attempts_s(told) if it >= there_s), default=math.inf)
    missed_s = [it.due_s for it in told if isinstance(it, PodEvent) and it.reason == MISSING]
    assert missed_s == sorted(it for it in syncs_s if it <= gone_s)


def test_an_image_that_was_removed_is_pulled_again() -> None:
    """By the next pod, whatever its policy."""
    kubelet = new_kubelet()
    kubelet.add_pod(0.0, pod("first"))
    run(kubelet, lambda _: (0.05, PULLED))
    kubelet.images.clear()
    kubelet.add_pod(10.0, pod("second"))
    assert len(attempts_s(run(kubelet, lambda _: (0.05, PULLED)))) == 1
