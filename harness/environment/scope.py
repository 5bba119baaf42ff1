"""What a seam must know of the fault that uses it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from harness.chance import Chance
from harness.seams import Bites, Where


class ScopeError(LookupError):
    """The scope of a fault holds nothing that it could change; the message is one sentence."""


@dataclass(frozen=True, kw_only=True)
class FaultScope:
    """One occurrence of a fault: its id, its scope, its chance, and when it must be gone.

    `deadline_s` is absolute on the monotonic clock; the service behind the seam keeps it by itself.
    """

    fault: str
    where: Where
    chance: Chance
    deadline_s: float


def missing_seam(error: Exception) -> Any:  # it stands for any seam
    """A seam that this environment does not have: `error` is raised whatever is asked of it."""
    return _MissingSeam(error)


class _MissingSeam:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, verb: str) -> Callable[..., NoReturn]:
        def refused(*_: Any, **__: Any) -> NoReturn:
            raise self._error

        return refused

    async def bites(self) -> Bites:
        return Bites(count=0)
