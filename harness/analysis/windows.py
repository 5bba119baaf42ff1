"""When each fault was really on, and which phase a pod, a pull or a request belongs to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from harness.recording.events import Event, FaultFailed, FaultHealed, FaultInjected
from harness.recording.phases import Phase

PHASES: Final = tuple(phase.value for phase in Phase)

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class FaultWindow:
    """One occurrence of a fault, from its injection to its heal.

    `healed` False: the recording ends first, and `end_s` is that end. `bites` None: not counted.
    """

    fault: str
    word: str
    occurrence: int
    planned_s: float
    start_s: float
    end_s: float
    healed: bool
    bites: int | None = None
    error: str = ""


def windows(events: Iterable[Event], end_s: float) -> tuple[FaultWindow, ...]:
    """The windows of `events` by start."""
    injected: dict[tuple[str, int], FaultInjected] = {}
    healed: dict[tuple[str, int], FaultHealed] = {}
    for event in events:
        if isinstance(event, FaultInjected):
            injected[event.fault, event.occurrence] = event
        elif isinstance(event, FaultHealed):
            healed[event.fault, event.occurrence] = event
    found = [_window(start, healed.get(key), end_s) for key, start in injected.items()]
    return tuple(sorted(found, key=lambda window: (window.start_s, window.fault)))


def _window(start: FaultInjected, end: FaultHealed | None, end_s: float) -> FaultWindow:
    return FaultWindow(
        fault=start.fault,
        word=start.word,
        occurrence=start.occurrence,
        planned_s=start.planned_s,
        start_s=start.at_s,
        end_s=max(start.at_s, end.at_s if end else end_s),
        healed=end is not None,
        bites=end.bites if end else None,
        error=end.error if end else "",
    )


def failed_faults(events: Iterable[Event]) -> tuple[FaultFailed, ...]:
    """The occurrences that could not be injected."""
    return tuple(event for event in events if isinstance(event, FaultFailed))


def overlap(starts: "pd.Series[float]", ends: "pd.Series[float]", window: FaultWindow) -> Mask:
    """Which of the intervals share a moment with `window`; a NaN end is an open one."""
    closed = ends.fillna(np.inf).to_numpy()
    mask: Mask = (starts.to_numpy() < window.end_s) & (closed > window.start_s)
    return mask


_CODED: Final = pd.CategoricalDtype(sorted(PHASES))  # in the order that tables are sorted by


def phases(
    starts: "pd.Series[float]", ends: "pd.Series[float]", all_windows: Sequence[FaultWindow]
) -> "pd.Series[str]":
    """The phase of each interval: `harness.recording.phases.phase_of` for whole columns.

    A byte each: names of all samples at once would take gigabytes.
    """
    during = np.zeros(len(starts), dtype=bool)
    for window in all_windows:
        during |= overlap(starts, ends, window)
    healed_s = min((window.end_s for window in all_windows), default=np.inf)
    begun_after = starts.to_numpy() >= healed_s
    order = list(_CODED.categories)
    before, on, after = (np.int8(order.index(phase)) for phase in PHASES)
    codes = np.select([during, begun_after], [on, after], default=before)
    return pd.Series(pd.Categorical.from_codes(codes, dtype=_CODED), index=starts.index)
