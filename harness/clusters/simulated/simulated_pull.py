"""Carries a pull's rules out in virtual time: what `load.pull_steps` does for real."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.clusters.simulated.simulated_wire import SimulatedWire
from harness.load.pull_parts import Carried, PartsClock
from harness.node.commands import AttemptFailed, Pause, Request, Rule


@dataclass(kw_only=True)
class _Carrier:
    """What all parts of one pull share."""

    wire: SimulatedWire
    pull: str
    slots: asyncio.Semaphore
    requests: int = 0

    async def run(self, rule: Rule, clock: PartsClock) -> Any:
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
                self.requests += 1
                reply, dial_s = await self.wire.perform_timed(command, pull=self.pull)
                if not command.sink:
                    clock.move(dial_s, "resolve_s")
            elif isinstance(command, Pause):
                await asyncio.sleep(command.seconds)
                reply = None
            else:
                reply = await self.together(command.parts)

    async def together(self, rules: Sequence[Rule]) -> list[Any] | AttemptFailed:
        """Run `rules` side by side in the node's slots; the first failure ends the others."""
        failures: list[Exception] = []
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(self._part(rule, failures)) for rule in rules]
        pending = set(tasks)
        try:
            while pending and not failures:
                _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:  # in their order: a set's is another each time
                task.cancel()
            if pending:
                await asyncio.wait(pending)
            for rule in rules:
                rule.close()  # those that never got a slot
        if not failures:
            return [task.result() for task in tasks]
        if isinstance(failures[0], AttemptFailed):
            return failures[0]
        raise failures[0]

    async def _part(self, rule: Rule, failures: list[Exception]) -> Any:
        """What a rule returned; what it raised is noted."""
        async with self.slots:
            if failures:  # it got the slot of the part that failed
                return None
            try:
                return await self.run(rule, PartsClock())
            except Exception as error:  # noqa: BLE001  handed on to the pull, which raises it
                failures.append(error)
                return None
            finally:
                rule.close()


async def carry_out_virtually(
    rule: Rule, wire: SimulatedWire, *, pull: str, slots: asyncio.Semaphore
) -> Carried:
    """Run `rule`, the rules of `pull`, to its end; see `load.pull_steps.carry_out`."""
    clock = PartsClock()
    carrier = _Carrier(wire=wire, pull=pull, slots=slots)
    try:
        result = await carrier.run(rule, clock)
    finally:
        rule.close()
        wire.close()
        clock.turn("resolve_s")
    return Carried(result=result, requests=carrier.requests, parts=clock.parts)
