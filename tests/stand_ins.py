"""Seams that do nothing but remember what was asked of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from harness.chance import Chance
from harness.faults import Fault
from harness.seams import Seam, Seams

CHANCE = Chance(1, "fault-1")


@dataclass
class RecordingSeams:
    """`asked` has (seam, verb, arguments) of each change; `living` counts those not yet healed.

    With `stuck`, a change never gets in place, as when a service is slow to answer.
    """

    stuck: bool = False
    asked: list[tuple[str, str, tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    living: int = 0
    healed: int = 0

    def seams(self) -> Seams:
        parts = {seam.value: _Part(self, seam.value) for seam in Seam}
        return Seams(**cast("dict[str, Any]", parts))

    @asynccontextmanager
    async def change(
        self, seam: str, verb: str, arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> AsyncIterator[None]:
        self.asked.append((seam, verb, arguments, named))
        self.living += 1
        self.begun.set()
        try:
            if self.stuck:
                await asyncio.Event().wait()
            yield
        finally:
            await asyncio.sleep(0)  # a heal takes its time, too
            self.living -= 1
            self.healed += 1


@dataclass
class _Part:
    """One seam: any verb is a change."""

    recording: RecordingSeams
    name: str

    def __getattr__(self, verb: str) -> Callable[..., AbstractAsyncContextManager[None]]:
        return lambda *arguments, **named: self.recording.change(self.name, verb, arguments, named)


def seam_call(fault: Fault) -> tuple[str, str, tuple[Any, ...], dict[str, Any]]:
    """The one change that `fault` asks for: seam, verb, arguments; it is healed again."""
    recording = RecordingSeams()

    async def main() -> None:
        async with fault.inject(recording.seams()):
            assert recording.living == 1

    asyncio.run(main())
    assert recording.living == 0
    (asked,) = recording.asked
    return asked
