"""Carries a pull's rules out in real time, and says which part of the pull took how long."""

import time
from dataclasses import dataclass, field
from typing import Any, Final

import gevent
from gevent.lock import BoundedSemaphore

from harness.load.wire import NodeWire
from harness.node.commands import (
    AttemptFailed,
    Pause,
    PauseReason,
    PullResult,
    Request,
    Rule,
    Together,
)
from harness.seams import RequestKind

PARTS: Final = ("resolve_s", "auth_s", "manifest_s", "download_s", "unpack_s")


@dataclass(kw_only=True)
class Carried:
    """How a pull ended, and its parts in seconds: they add up to its whole time.

    `resolve_s` is the look-up, the dial and HEAD of the tag; `auth_s` tokens; `manifest_s`
    manifests and config; `download_s` from the first layer asked for to the last one whole, and
    waits for retries; `unpack_s` unpacking.
    """

    result: PullResult
    requests: int
    parts: dict[str, float] = field(default_factory=dict)


def carry_out(rule: Rule, wire: NodeWire, *, pull: str, slots: BoundedSemaphore) -> Carried:
    """Run `rule`, the rules of `pull`, to its end. Killing the greenlet closes all of it."""
    parts, requests = dict.fromkeys(PARTS, 0.0), wire.requests
    started_s = time.monotonic()
    try:
        result = _run(rule, wire, pull=pull, slots=slots, parts=parts)
    finally:
        rule.close()
        wire.forget(pull)
    rest_s = time.monotonic() - started_s - sum(parts.values())
    parts["download_s" if parts["download_s"] else "resolve_s"] += rest_s
    return Carried(result=result, requests=wire.requests - requests, parts=parts)


def _run(
    rule: Rule, wire: NodeWire, *, pull: str, slots: BoundedSemaphore, parts: dict[str, float]
) -> Any:
    reply: Any = None
    while True:
        try:
            failed = isinstance(reply, AttemptFailed)
            command = rule.throw(reply) if failed else rule.send(reply)
        except StopIteration as stop:
            return stop.value
        started_s = time.monotonic()
        if isinstance(command, Request):
            reply = wire.perform(command, pull=pull)
        elif isinstance(command, Pause):
            gevent.sleep(command.seconds)
            reply = None
        else:
            reply = _together(command, wire, pull=pull, slots=slots)
        parts[_part(command)] += time.monotonic() - started_s


def _part(command: Request | Pause | Together) -> str:
    """Which part of a pull the time of a command belongs to."""
    if isinstance(command, Together):
        return "download_s"
    if isinstance(command, Pause):
        return "unpack_s" if command.why is PauseReason.UNPACK else "download_s"
    if command.kind is RequestKind.TOKEN:
        return "auth_s"
    if command.kind is RequestKind.MANIFEST and command.method == "HEAD":
        return "resolve_s"
    return "manifest_s"


def _together(
    command: Together, wire: NodeWire, *, pull: str, slots: BoundedSemaphore
) -> list[Any] | AttemptFailed:
    """Run the parts side by side in the node's slots; the first failure ends the others."""

    def part(rule: Rule) -> Any:
        with slots:
            try:
                return _run(rule, wire, pull=pull, slots=slots, parts=dict.fromkeys(PARTS, 0.0))
            except AttemptFailed as failed:
                return failed
            finally:
                rule.close()

    group = [gevent.spawn(part, rule) for rule in command.parts]
    try:
        for ended in gevent.iwait(group):
            value = ended.get()
            if isinstance(value, AttemptFailed):
                return value
        return [one.value for one in group]
    finally:
        gevent.killall(group)
