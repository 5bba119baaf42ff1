"""Whole cases seen on a real node, replayed in virtual time: kubelet, containerd and registry."""

from collections.abc import Callable

import pytest

from harness.chance import Chance
from harness.node.actions import PodReady, PodRunning, PodSpec, StartPull
from harness.node.commands import Pause, Reply, Request, Rule, TransportFailure
from harness.node.settings import NodeSettings, PullPolicy
from harness.recording.outcome import Cause, Outcome
from tests.pulls import (
    IMAGE,
    RIGHT,
    TLS_TIMEOUT,
    URL,
    USER,
    Answer,
    ScriptedRegistry,
    Served,
    Status,
    refused,
    run_pull,
)
from tests.virtual_nodes import Clock, Slots, Task, VirtualNode


class Healing:
    """A scripted registry whose `label` answers badly until `heal_s`."""

    def __init__(
        self, label: str, answer: Answer, *, heal_s: float, auth: str = "none", seconds: float = 0.0
    ) -> None:
        self.registry = ScriptedRegistry(auth=auth)
        self.sent_s: list[float] = []
        self._label = label
        self._answer = answer
        self._heal_s = heal_s
        self._seconds = seconds

    def __call__(self, request: Request, now_s: float) -> tuple[float, Reply | TransportFailure]:
        bad = now_s < self._heal_s
        self.registry.script[self._label] = [self._answer if bad else RIGHT]
        seconds, reply = self.registry(request, now_s)
        self.sent_s.append(now_s)
        return (self._seconds if bad and self._seconds else seconds), reply


def run_node(
    respond: Callable[[Request, float], tuple[float, Reply | TransportFailure]],
    *,
    pods: int = 1,
    policy: PullPolicy = "Always",
    settings: NodeSettings | None = None,
    seed: int = 1,
) -> VirtualNode:
    clock = Clock()
    node = VirtualNode(
        clock,
        respond,
        registry_url=URL,
        chance=Chance(seed, "node"),
        settings=settings,
        credentials=USER,
        tick_phase_s=0.4,
    )
    for number in range(pods):
        node.add_pod(0.0, PodSpec(pod=f"pod-{number}", image=IMAGE, pull_policy=policy))
    clock.run()
    return node


def starts_s(node: VirtualNode) -> list[float]:
    return [action.due_s for action in node.actions if isinstance(action, StartPull)]


def running_s(node: VirtualNode) -> float:
    return max(action.due_s for action in node.actions if isinstance(action, PodRunning))


@pytest.mark.parametrize(
    ("label", "answer", "auth", "failed_attempt"),
    [
        ("HEAD", Status(429), "none", ["HEAD 429"] * 5),
        ("HEAD", Status(500), "none", ["HEAD 500"] * 2),
        (
            "layer0",
            refused(),
            "bearer",
            [
                "HEAD 401",
                "POST token 200",
                "HEAD 200",
                "manifest 401",
                "POST token 200",
                "manifest 200",
                "config 200",
                *["layer0 401"] * 5,
            ],
        ),
        (
            "layer0",
            Served(content=b"B" * 1000),
            "none",
            ["HEAD 200", "manifest 200", "config 200", "layer0 200"],
        ),
    ],
)
def test_faults_that_heal_after_30_s(
    label: str, answer: Answer, auth: str, failed_attempt: list[str]
) -> None:
    """Attempts at 0.45, 11 to 17 and 33 to 47 s; two fail, the third makes the pod run."""
    for seed in range(20):
        respond = Healing(label, answer, heal_s=30.0, auth=auth)
        node = run_node(respond, seed=seed)
        first_s, second_s, third_s = starts_s(node)
        assert 0.39 <= first_s <= 0.51
        assert 10.9 <= second_s <= 17.4
        assert 33.0 <= third_s <= 47.2
        assert third_s < running_s(node) < third_s + 0.4
        length = len(failed_attempt)
        assert respond.registry.log[: 2 * length] == failed_attempt * 2


def test_a_token_that_is_refused_once_costs_nothing() -> None:
    """Expired at the layer, with `error=`: one attempt, running at once."""
    registry = ScriptedRegistry(auth="bearer")
    registry.script["layer0"] = [refused("invalid_token"), RIGHT]
    node = run_node(registry)
    (start_s,) = starts_s(node)
    assert running_s(node) < start_s + 0.4
    assert registry.log[-3:] == ["layer0 401", "POST token 200", "layer0 200"]


def test_eight_seconds_before_each_answer() -> None:
    """Seen from `kubectl apply` on: attempt at 0.5, running at 32.7; 0.11 less from creation."""
    registry = ScriptedRegistry()
    for label in ("HEAD", "manifest", "config", "layer0"):
        registry.seconds[label] = 8.0
    node = run_node(registry)
    assert len(starts_s(node)) == 1
    assert running_s(node) == pytest.approx(32.59, abs=0.1)


def test_handshakes_that_hang_for_25_s() -> None:
    """Seen: running at 30.9 after three handshakes of 10 s, none failed."""
    respond = Healing("HEAD", TLS_TIMEOUT, heal_s=25.0, seconds=10.0)
    node = run_node(respond)
    assert len(starts_s(node)) == 1
    assert respond.registry.log[:4] == ["HEAD tls_timeout"] * 3 + ["HEAD 200"]
    assert running_s(node) == pytest.approx(30.9, abs=0.2)


def test_the_second_of_two_pods_pulls_by_head_alone() -> None:
    """Serial pulls, Always: the content is there when its turn comes."""
    registry = ScriptedRegistry(layers=3)
    node = run_node(registry, pods=2)
    assert registry.log.count("HEAD 200") == 2
    assert len(registry.log) == 2 + 2 + 3
    assert [result.cached for _, _, result in node.results] == [False, True]
    assert len([action for action in node.actions if isinstance(action, PodReady)]) == 2


def test_pods_side_by_side_fetch_an_image_once() -> None:
    """Parallel pulls: the second waits for what the first is writing."""
    registry = ScriptedRegistry(layers=3)
    for label in ("manifest", "config", "layer0", "layer1", "layer2"):
        registry.seconds[label] = 3.0
    node = run_node(registry, pods=2, settings=NodeSettings(serialize_image_pulls=False))
    assert len(registry.log) == 2 + 2 + 3
    assert sum(result.blob_bytes for _, _, result in node.results) == 3000 + len(
        registry.content[registry.config][2]
    )


def test_downloads_at_a_time_are_the_nodes() -> None:
    """Two images of four slow layers side by side: never more than three layers on the way."""
    ends_s: list[float] = []
    most = 0
    registry = ScriptedRegistry(layers=8)

    def respond(request: Request, now_s: float) -> tuple[float, Reply | TransportFailure]:
        nonlocal most
        if not request.sink:
            return registry(request, now_s)
        ends_s.append(now_s + 2.0)
        most = max(most, sum(end_s > now_s for end_s in ends_s))
        return 2.0, registry(request, now_s)[1]

    run_node(respond, pods=2, settings=NodeSettings(serialize_image_pulls=False))
    assert most == 3


def test_the_first_pull_fails_and_the_second_fetches_for_itself() -> None:
    """The lock and the lease of the first are gone."""
    registry = ScriptedRegistry(layers=1)
    registry.seconds["layer0"] = 3.0
    registry.script["layer0"] = [Served(content=b"x" * 1000), RIGHT]
    node = run_node(registry, pods=2, settings=NodeSettings(serialize_image_pulls=False))
    outcomes = [(result.outcome, result.cause) for _, _, result in node.results]
    assert outcomes[0] == (Outcome.FAILED, Cause.DIGEST)
    assert outcomes[1] == (Outcome.OK, Cause.NONE)
    assert registry.log.count("layer0 200") == 2


@pytest.mark.parametrize(("label", "kept"), [("config", 1), ("layer1", 3)])
def test_a_pull_that_is_closed_keeps_nothing(label: str, kept: int) -> None:
    """Its driver ends it in the middle; the locks are free and the next pull works."""
    registry = ScriptedRegistry(layers=2)
    clock = Clock()
    node = VirtualNode(clock, registry, registry_url=URL, chance=Chance(1, "node"))
    node.add_pod(0.0, PodSpec(pod="pod-1", image=IMAGE))
    registry.seconds[label] = 60.0
    clock.run(until_s=10.0)
    assert len(node.content) == kept
    node.close()
    assert len(node.content) == 0
    assert run_pull(registry, content=node.content).result.outcome is Outcome.OK


def test_the_clock_keeps_the_order_of_its_calls() -> None:
    """By time, then by making; never into the past."""
    clock = Clock()
    seen: list[str] = []
    clock.call_at(2.0, lambda: seen.append("late"))
    clock.call_at(1.0, lambda: seen.append("first"))
    clock.call_at(1.0, lambda: clock.call_at(0.0, lambda: seen.append("past is now")))
    clock.call_at(1.0, lambda: seen.append("second"))
    clock.run(until_s=1.5)
    assert seen == ["first", "second", "past is now"]
    assert clock.now_s == 1.0
    clock.run()
    assert seen[-1] == "late"


def test_a_task_gives_a_rule_what_it_returned() -> None:
    """A pause of three seconds, then the end."""

    def rule() -> Rule:
        yield Pause(seconds=3.0)
        return "done"

    clock = Clock()
    results: list[str] = []
    slots = Slots(limit=1)
    Task(rule(), clock=clock, respond=ScriptedRegistry(), slots=slots, done=results.append).step()
    clock.run()
    assert results == ["done"]
    assert clock.now_s == 3.0
