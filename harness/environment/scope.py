"""What a seam must know of the fault that uses it."""

from dataclasses import dataclass

from harness.chance import Chance
from harness.seams import Where


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
