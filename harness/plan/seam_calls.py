"""What a fault asks of its seams, found out without injecting it."""

from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from harness.faults import Fault
from harness.seams.seams import Seams


class SeamCall(NamedTuple):
    """One call: `toxic("latency", {"latency": 100}, share=0.5)`."""

    verb: str
    arguments: tuple[Any, ...]
    settings: dict[str, Any]


@dataclass(frozen=True)
class _Listener:
    """Stands for a seam, and writes down what it is asked for."""

    calls: list[SeamCall] = field(default_factory=list)

    def __getattr__(self, verb: str) -> Any:
        def call(*arguments: Any, **settings: Any) -> AbstractAsyncContextManager[None]:
            self.calls.append(SeamCall(verb, arguments, settings))
            return nullcontext()

        return call


def seam_calls(fault: Fault) -> tuple[SeamCall, ...]:
    """All calls of `fault`, in their order."""
    listener = _Listener()
    seam = cast("Any", listener)
    everything = Seams(
        link=seam, resolver=seam, gateway=seam, store=seam, cluster=seam, tls=seam, process=seam
    )
    block = fault.inject(everything)
    for step in (block.__aenter__(), block.__aexit__(None, None, None)):
        with suppress(StopIteration):  # a seam that only listens keeps nobody waiting
            cast("Any", step).send(None)
    return tuple(listener.calls)
