"""Before, during, after: which phase of a run something belongs to."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """`DURING`: touched by a fault's window. `AFTER`: begun once a fault had healed."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


@dataclass(frozen=True, kw_only=True)
class Window:
    """When a fault was on, in seconds since the run began."""

    start_s: float
    end_s: float


def phase_of(start_s: float, end_s: float, windows: Iterable[Window]) -> Phase:
    """The phase of what lasted from `start_s` to `end_s`."""
    healed = False
    for window in windows:
        if start_s < window.end_s and end_s > window.start_s:
            return Phase.DURING
        healed = healed or window.end_s <= start_s
    return Phase.AFTER if healed else Phase.BEFORE
