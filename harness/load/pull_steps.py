"""Carries a pull's rules out in real time, and says which part of the pull took how long."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gevent
from gevent.lock import BoundedSemaphore

from harness.load.node_client import NodeWire
from harness.load.pull_parts import Carried, PartsClock
from harness.node.commands import (
    AttemptFailed,
    Pause,
    Request,
    Rule,
)


@dataclass(kw_only=True)
class _Carrier:
    """What all parts of one pull share."""

    wire: NodeWire
    pull: str
    slots: BoundedSemaphore
    requests: int = 0

    def perform(self, request: Request, clock: PartsClock) -> Any:
        self.requests += 1
        outcome, dial_s = self.wire.perform_timed(request, pull=self.pull)
        if not request.sink:
            clock.move(dial_s, "resolve_s")
        return outcome

    def run(self, rule: Rule, clock: PartsClock) -> Any:
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
                return self.run(rule, PartsClock())
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
    clock = PartsClock()
    carrier = _Carrier(wire=wire, pull=pull, slots=slots)
    try:
        result = carrier.run(rule, clock)
    finally:
        rule.close()
        wire.forget(pull)
        clock.turn("resolve_s")
    return Carried(result=result, requests=carrier.requests, parts=clock.parts)
