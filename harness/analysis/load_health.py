"""Whether the load generator kept its own schedule."""

from collections.abc import Iterable
from typing import Final

import numpy as np
import pandas as pd

from harness.analysis.health_findings import LoadHealth, ProcessHealth
from harness.analysis.json_values import finite
from harness.analysis.quantiles import Floats, rank
from harness.recording.events import GeneratorHealth, LoadEnded
from harness.recording.phases import Phase

# A tenth of kubelet's 1 s tick is what emulated nodes should keep; beyond a quarter of it the
# generator, not the registry, would decide which tick a retry falls on.
LATENESS_LIMIT_S: Final = 0.25
CPU_LIMIT_SHARE: Final = 0.95
_FEWEST_CPU_SAMPLES: Final = 5
_FEWEST_LATE: Final = 5
STALL_LIMIT_S: Final = 2.0  # one pull later than this: the generator stood still
_LOAD_PROCESSES: Final = ("load", "locust", "worker")


def load_health(
    pulls: pd.DataFrame, healths: Iterable[GeneratorHealth], ended: Iterable[LoadEnded]
) -> LoadHealth:
    """Lateness of pulls (started - due) and the CPU of every process; `pulls` have their phase.

    Saturated: the 99th percentile of lateness is beyond its limit, and so are a few pulls at least
    (one hiccup is no saturation); or one was so late that the generator must have stood still; or a
    process that makes load was at its CPU limit for a tenth of the time or more. Clients that wait
    for a broken registry start their next pull late through no fault of the generator, so theirs
    count only before the first fault.
    """
    own = pulls["pod"].ne("") | pulls["phase"].eq(Phase.BEFORE)
    late = (pulls["started_s"] - pulls["due_s"])[own].dropna().clip(lower=0)
    ordered: Floats = np.sort(late.to_numpy(dtype=float))
    processes = _processes(healths)
    p99 = rank(ordered, 0.99)
    beyond = int((ordered > LATENESS_LIMIT_S).sum())
    busy = any(
        process.makes_load
        and process.samples >= _FEWEST_CPU_SAMPLES
        and process.cpu_share_p90 >= CPU_LIMIT_SHARE
        for process in processes
    )
    return LoadHealth(
        lateness_samples=len(ordered),
        lateness_p50_s=finite(rank(ordered, 0.5)),
        lateness_p99_s=finite(p99),
        lateness_max_s=finite(rank(ordered, 1.0)),
        lateness_limit_s=LATENESS_LIMIT_S,
        cpu_limit_share=CPU_LIMIT_SHARE,
        saturated=busy
        or (p99 > LATENESS_LIMIT_S and beyond >= _FEWEST_LATE)
        or rank(ordered, 1.0) > STALL_LIMIT_S,
        complete=any(end.complete for end in ended),
        processes=processes,
    )


def _processes(healths: Iterable[GeneratorHealth]) -> tuple[ProcessHealth, ...]:
    seen: dict[str, list[GeneratorHealth]] = {}
    for health in healths:
        seen.setdefault(health.process, []).append(health)
    return tuple(_process(name, samples) for name, samples in sorted(seen.items()))


def _process(name: str, samples: list[GeneratorHealth]) -> ProcessHealth:
    shares: Floats = np.sort(np.array([sample.cpu_share for sample in samples], dtype=float))
    return ProcessHealth(
        process=name,
        makes_load=name.startswith(_LOAD_PROCESSES),
        samples=len(samples),
        cpu_share_median=rank(shares, 0.5),
        cpu_share_p90=rank(shares, 0.9),
        cpu_share_max=rank(shares, 1.0),
        resident_bytes_max=max(sample.resident_bytes for sample in samples),
    )
