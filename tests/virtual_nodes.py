"""Carries the node rules out in virtual time, against a registry that is a function."""

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from harness.chance import Chance
from harness.node.actions import Action, PodSpec, StartPull
from harness.node.commands import (
    AttemptFailed,
    Credentials,
    Pause,
    PullResult,
    Reply,
    Request,
    Rule,
    Together,
    TransportFailure,
)
from harness.node.containerd import pull
from harness.node.image_store import ContentStore
from harness.node.kubelet import Kubelet
from harness.node.settings import NodeSettings

# A request and the time it is sent at in; how long the answer takes and what it is out.
Respond = Callable[[Request, float], tuple[float, Reply | TransportFailure]]


class Clock:
    """Virtual time: callbacks in order of their time, then of their making."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._calls: list[tuple[float, int, Callable[[], None]]] = []
        self._made = itertools.count()

    def call_at(self, at_s: float, callback: Callable[[], None]) -> None:
        heapq.heappush(self._calls, (max(at_s, self.now_s), next(self._made), callback))

    def run(self, until_s: float = math.inf) -> None:
        """Let time pass until nothing is planned any more or `until_s` is reached."""
        while self._calls and self._calls[0][0] <= until_s:
            self.now_s, _, callback = heapq.heappop(self._calls)
            callback()


@dataclass
class Slots:
    """The node's downloads at a time; who finds none waits in order."""

    limit: int
    taken: int = 0
    waiting: deque[Callable[[], None]] = field(default_factory=deque)

    def take(self, start: Callable[[], None]) -> None:
        if self.taken < self.limit:
            self.taken += 1
            start()
        else:
            self.waiting.append(start)

    def free(self) -> None:
        self.taken -= 1
        if self.waiting:
            self.taken += 1
            self.waiting.popleft()()


class Task:
    """One rule under way. `done` gets what it returned, or the AttemptFailed that ended it."""

    def __init__(
        self,
        rule: Rule,
        *,
        clock: Clock,
        respond: Respond,
        slots: Slots,
        done: Callable[[Any], None],
    ) -> None:
        self._rule = rule
        self._clock = clock
        self._respond = respond
        self._slots = slots
        self._done = done
        self._group: _Group | None = None
        self.ended = False

    def step(self, reply: Any = None) -> None:
        """Give the rule the answer to its last command and carry out the next."""
        if self.ended:
            return
        try:
            if isinstance(reply, AttemptFailed):
                command = self._rule.throw(reply)
            else:
                command = self._rule.send(reply)
        except StopIteration as stop:
            self._end(stop.value)
        except AttemptFailed as failure:
            self._end(failure)
        else:
            self._carry_out(command)

    def close(self) -> None:
        """End the rule where it stands, and the parts it waits for."""
        if self._group is not None:
            self._group.stop()
        self.ended = True
        self._rule.close()

    def _end(self, result: Any) -> None:
        self.ended = True
        self._done(result)

    def _carry_out(self, command: Request | Together | Pause) -> None:
        if isinstance(command, Together):
            assert command.limit == self._slots.limit, "the slots are the node's"
            self._group = _Group(command.parts, self._clock, self._respond, self._slots, self.step)
            self._group.start()
            return
        seconds, reply = (
            self._respond(command, self._clock.now_s)
            if isinstance(command, Request)
            else (command.seconds, None)
        )
        self._clock.call_at(self._clock.now_s + seconds, lambda: self.step(reply))


class _Group:
    """The parts of a Together."""

    def __init__(
        self,
        parts: tuple[Rule, ...],
        clock: Clock,
        respond: Respond,
        slots: Slots,
        done: Callable[[Any], None],
    ) -> None:
        self._results: dict[int, Any] = {}
        self._slots = slots
        self._done = done
        self._over = False
        self._started: set[int] = set()
        self._tasks = [
            Task(part, clock=clock, respond=respond, slots=slots, done=self._ender(number))
            for number, part in enumerate(parts)
        ]

    def start(self) -> None:
        for number in range(len(self._tasks)):
            self._slots.take(self._starter(number))

    def _starter(self, number: int) -> Callable[[], None]:
        def start() -> None:
            if self._over:
                self._slots.free()
                return
            self._started.add(number)
            self._tasks[number].step()

        return start

    def _ender(self, number: int) -> Callable[[Any], None]:
        def end(result: Any) -> None:
            self._results[number] = result
            self._started.discard(number)
            self._slots.free()
            if isinstance(result, AttemptFailed):
                self.stop()
                self._done(result)
            elif len(self._results) == len(self._tasks):
                self._done([self._results[number] for number in range(len(self._tasks))])

        return end

    def stop(self) -> None:
        """Close every part and give back the slots they hold."""
        self._over = True
        for task in self._tasks:
            if not task.ended:
                task.close()
        while self._started:
            self._started.pop()
            self._slots.free()


class VirtualNode:
    """A kubelet and its pulls on a virtual clock. `actions` is all that the kubelet did."""

    def __init__(
        self,
        clock: Clock,
        respond: Respond,
        *,
        registry_url: str,
        chance: Chance,
        node: str = "node-1",
        settings: NodeSettings | None = None,
        credentials: Credentials | None = None,
        tick_phase_s: float = 0.0,
    ) -> None:
        self.actions: list[Action] = []
        self.results: list[tuple[StartPull, float, PullResult]] = []
        self._settings = settings or NodeSettings()
        self.kubelet = Kubelet(
            node=node, settings=self._settings, chance=chance, tick_phase_s=tick_phase_s
        )
        self.content = ContentStore()
        self._clock = clock
        self._respond = respond
        self._registry_url = registry_url
        self._credentials = credentials
        self._slots = Slots(limit=self._settings.max_concurrent_downloads)
        self._tasks: list[Task] = []

    def add_pod(self, at_s: float, pod: PodSpec) -> None:
        """Bind `pod` to the node at `at_s`."""

        def bind() -> None:
            self.kubelet.add_pod(at_s, pod)
            self._advance()

        self._clock.call_at(at_s, bind)

    def _advance(self) -> None:
        for action in self.kubelet.advance(self._clock.now_s):
            self.actions.append(action)
            if isinstance(action, StartPull):
                self._start(action)
        due_s = self.kubelet.next_due_s()
        if due_s < math.inf:
            self._clock.call_at(due_s, self._advance)

    def _start(self, start: StartPull) -> None:
        def ended(result: PullResult) -> None:
            self.results.append((start, self._clock.now_s, result))
            self.kubelet.pull_ended(self._clock.now_s, start.pull_id, result)
            self._advance()

        rule = pull(
            start.image,
            registry_url=self._registry_url,
            credentials=self._credentials,
            content=self.content,
            settings=self._settings,
        )
        task = Task(rule, clock=self._clock, respond=self._respond, slots=self._slots, done=ended)
        self._tasks = [other for other in self._tasks if not other.ended]
        self._tasks.append(task)
        task.step()

    def close(self) -> None:
        """End the pulls that are under way."""
        for task in self._tasks:
            task.close()
