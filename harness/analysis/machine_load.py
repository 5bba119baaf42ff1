"""How busy the machine was while anything was pulled, in the whole run and in each phase."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import pandas as pd

from harness.analysis.health_findings import MachineFinding
from harness.analysis.pulls import due_of
from harness.analysis.quantiles import Floats
from harness.analysis.windows import PHASES, FaultWindow, phases
from harness.recording.events import MachineHealth

# All cores together; a core that is idle for 5 % of a second is still always there when asked for.
_BUSY_SHARE: Final = 0.95
# A rollout keeps every machine busy for a moment. It is the limit when it is so for most of the
# time in which pods wait, and for a few seconds at least.
_BUSY_TIME_SHARE: Final = 0.5
_FEWEST_BUSY: Final = 3
_STEAL_SHARE: Final = 0.1  # what cloud guides call a noisy neighbour
_IOWAIT_SHARE: Final = 0.3
_MEMORY_SHARE: Final = 0.05  # below this Linux evicts the programs' own pages


def machine_finding(
    healths: Iterable[MachineHealth],
    pods: pd.DataFrame,
    pulls: pd.DataFrame,
    seen: Sequence[FaultWindow],
) -> MachineFinding | None:
    """None when nothing was recorded of the machine while something was being pulled."""
    samples = list(healths)
    at_s: Floats = np.array([it.at_s for it in samples], dtype=float)
    under_way = _under_way(at_s, pods["created_s"], pods["ended_s"])
    under_way |= _under_way(at_s, due_of(pulls), pulls["ended_s"])
    known = [it for it, wanted in zip(samples, under_way, strict=True) if wanted]
    if not known:
        return None
    busy = np.array([it.cpu_share >= _BUSY_SHARE for it in known])
    times = pd.Series([it.at_s for it in known])
    phase = phases(times, times, seen)
    steal = float(np.mean([it.steal_share for it in known]))
    iowait = float(np.mean([it.iowait_share for it in known]))
    memory = min(it.memory_available_share for it in known)
    long_enough = len(known) >= _FEWEST_BUSY
    return MachineFinding(
        cpus=known[0].cpus,
        samples=len(known),
        busy_share=float(busy.mean()),
        busy=_mostly(busy),
        busy_phases=tuple(it for it in PHASES if _mostly(busy[phase.eq(it).to_numpy()])),
        steal_share_mean=steal,
        stolen=long_enough and steal >= _STEAL_SHARE,
        iowait_share_mean=iowait,
        waits_for_disk=long_enough and iowait >= _IOWAIT_SHARE,
        memory_available_share_min=memory,
        short_of_memory=memory < _MEMORY_SHARE,
    )


def _mostly(busy: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> bool:
    return int(busy.sum()) >= _FEWEST_BUSY and float(busy.mean()) >= _BUSY_TIME_SHARE


def _under_way(
    at_s: Floats, starts: "pd.Series[float]", ends: "pd.Series[float]"
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """At which moments anything was between its start and its end."""
    begun = np.sort(starts.dropna().to_numpy(dtype=float))
    over = np.sort(ends[starts.notna()].fillna(np.inf).to_numpy(dtype=float))
    counts = np.searchsorted(begun, at_s, "right") - np.searchsorted(over, at_s, "left")
    return counts > 0
