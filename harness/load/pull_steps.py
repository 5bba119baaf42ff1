"""Carries a pull's rules out in real time, and says which part of the pull took how long."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import gevent
from gevent.lock import BoundedSemaphore

from harness.load.node_client import NodeWire
from harness.node.commands import (
    AttemptFailed,
    Pause,
    PauseReason,
    PullResult,
    Request,
    Rule,
    Together,
)
from harness.recording.samples import PULL_PARTS
from harness.seams import RequestKind


@dataclass(kw_only=True)
class Carried:
    """How a pull ended, and its parts in seconds: they add up to its whole time.

    `resolve_s`: HEAD of the tag (and the GET that may stand in for it), and every look-up and
    connecting before the first layer. `auth_s`: tokens asked for before the first layer.
    `manifest_s`: manifests and config. `download_s`: from the first layer asked for to the last
    one whole, its waits for slots and tokens of its own too. `unpack_s`: unpacking. Waits before
    a retry or for a lock belong to the part they interrupt.
    """

    result: PullResult
    requests: int
    parts: dict[str, float] = field(default_factory=dict)


class _Clock:
    """Gives every moment of a pull to one of its parts."""

    def __init__(self) -> None:
        self.parts = dict.fromkeys(PULL_PARTS, 0.0)
        self._part = "resolve_s"
        self._since_s = time.monotonic()

    def turn(self, part: str) -> None:
        """From now on time belongs to `part`."""
        now_s = time.monotonic()
        self.parts[self._part] += now_s - self._since_s
        self._part, self._since_s = part, now_s

    def move(self, seconds: float, part: str) -> None:
        """Of the time of the running part, `seconds` were another's."""
        self.parts[self._part] -= seconds
        self.parts[part] += seconds

    def part_of(self, command: Request | Pause | Together) -> str:
        if isinstance(command, Together):
            return "download_s"
        if isinstance(command, Pause):
            return "unpack_s" if command.why is PauseReason.UNPACK else self._part
        if command.kind is RequestKind.TOKEN:
            return "auth_s"
        if command.sink:
            return "download_s"
        return "resolve_s" if command.client == "resolver" else "manifest_s"


@dataclass(kw_only=True)
class _Carrier:
    """What all parts of one pull share."""

    wire: NodeWire
    pull: str
    slots: BoundedSemaphore
    requests: int = 0

    def perform(self, request: Request, clock: _Clock) -> Any:
        self.requests += 1
        outcome, dial_s = self.wire.perform_timed(request, pull=self.pull)
        if not request.sink:
            clock.move(dial_s, "resolve_s")
        return outcome

    def run(self, rule: Rule, clock: _Clock) -> Any:
        """What `rule` returns. Raises what it raises, AttemptFailed above all."""
        reply: Any = None
        while True:
            try:
                failed = isinstance(reply, AttemptFailed)
                command = rule.throw(reply) if failed else rule.send(reply)
            except StopIteration as stop:
                return stop.value
            clock.turn(clock.part_of(command))
            if isinstance(command, Request):
                reply = self.perform(command, clock)
            elif isinstance(command, Pause):
                gevent.sleep(command.seconds)
                reply = None
            else:
                reply = self.together(command.parts)

    def together(self, rules: Sequence[Rule]) -> list[Any] | AttemptFailed:
        """Run `rules` side by side in the node's slots; the first failure ends the others."""
        failures: list[Exception] = []
        group = [gevent.spawn(self._part, rule, failures) for rule in rules]
        try:
            for _ in gevent.iwait(group):
                if failures:
                    break
        finally:
            gevent.killall(group)
            for rule in rules:
                rule.close()  # those that never got a slot
        if not failures:
            return [one.value for one in group]
        if isinstance(failures[0], AttemptFailed):
            return failures[0]
        raise failures[0]

    def _part(self, rule: Rule, failures: list[Exception]) -> Any:
        """What a rule returned. What it raised is noted: gevent prints what a greenlet raises."""
        with self.slots:
            if failures:  # it got the slot of the part that failed
                return None
            try:
                return self.run(rule, _Clock())
            except Exception as error:  # noqa: BLE001  handed on to the pull, which raises it
                failures.append(error)
                return None
            finally:
                rule.close()


def carry_out(rule: Rule, wire: NodeWire, *, pull: str, slots: BoundedSemaphore) -> Carried:
    """Run `rule`, the rules of `pull`, to its end.

    `slots` are the node's downloads at a time (`Together.limit`). Killing the greenlet ends all
    parts, closes the rule and the pull's connections. Raises what the rule itself raises.
    """
    clock = _Clock()
    carrier = _Carrier(wire=wire, pull=pull, slots=slots)
    try:
        result = carrier.run(rule, clock)
    finally:
        rule.close()
        wire.forget(pull)
        clock.turn("resolve_s")
    return Carried(result=result, requests=carrier.requests, parts=clock.parts)
