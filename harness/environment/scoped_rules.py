"""The rules of one fault occurrence in the registry's process: added, counted and removed."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar

from harness.environment.scope import FaultScope
from harness.process.child import ChildError
from harness.process.child_control import ControlChannel
from harness.seams import Bites


@dataclass(kw_only=True)
class ScopedRules:
    """`kind` is what the control channel's orders call such a rule: `add_<kind>` and so on."""

    kind: ClassVar[str]
    control: ControlChannel
    scope: FaultScope
    numbers: Iterator[int]
    _active: set[str] = field(default_factory=set)
    _ended: dict[str, int] = field(default_factory=dict)

    async def bites(self) -> Bites:
        """How much its rules affected so far, each by its name. Raises ChildError."""
        seen = dict(self._ended)
        if self._active:
            seen |= await self._ask("count", sorted(self._active))
        return Bites(count=sum(seen.values()), details=seen)

    def identity(self) -> dict[str, Any]:
        """The fields that every rule's order has."""
        return {
            "rule": f"{self.scope.fault}.{next(self.numbers)}",
            "fault": self.scope.fault,
            "seed": self.scope.chance.seed,
            "step": self.scope.chance.step,
            "deadline_s": self.scope.deadline_s,
        }

    @asynccontextmanager
    async def added(self, order: Mapping[str, Any]) -> AsyncIterator[None]:
        """The rule stands until the block is left. Raises ChildError."""
        name = order["rule"]
        self._active.add(name)
        try:
            await self._ask("add", order)
            yield
        finally:
            with suppress(ChildError):  # never added, or gone with its process
                self._ended |= await self._ask("remove", name)
            self._active.discard(name)

    async def _ask(self, verb: str, rule: object) -> dict[str, int]:
        answer = await self.control.ask(f"{verb}_{self.kind}", rule=rule)
        bites: dict[str, int] = answer.get("bites", {})
        return bites
