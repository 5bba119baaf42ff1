"""Whether the load generator kept its own schedule, and what limited the run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from harness.analysis.client_pool import waited_for_client_s
from harness.analysis.health_findings import LoadHealth, MachineFinding, ProcessHealth
from harness.analysis.json_values import finite
from harness.analysis.limits import (
    FEWEST_CPU_SAMPLES,
    busy_services,
    fell_behind,
    limits,
    pools,
)
from harness.analysis.quantiles import Floats, rank
from harness.recording.events import GeneratorHealth, LoadEnded

# A tenth of kubelet's 1 s tick is what emulated nodes should keep; beyond a quarter of it the
# generator, not the registry, would decide which tick a retry falls on.
LATENESS_LIMIT_S: Final = 0.25
CPU_LIMIT_SHARE: Final = 0.95
_FEWEST_LATE: Final = 5
STALL_LIMIT_S: Final = 2.0  # one pull later than this: the generator stood still
_LOAD_PROCESSES: Final = ("load", "locust", "worker")


@dataclass(frozen=True, kw_only=True)
class LoadEvidence:
    """What load health is read from. `limited_streams`: those with `users`, by name."""

    pulls: pd.DataFrame
    pushes: pd.DataFrame
    healths: Iterable[GeneratorHealth] = ()
    ended: Iterable[LoadEnded] = ()
    machine: MachineFinding | None = None
    limited_streams: frozenset[str] = frozenset()
    link_kind: str = ""
    registry_provider: str = ""


def load_health(seen: LoadEvidence) -> LoadHealth:
    """Lateness of pulls and pushes, the CPU of every process, and what limited the run."""
    late = np.sort(np.concatenate([_own_lateness(seen.pulls), _own_lateness(seen.pushes)]))
    processes = _processes(seen.healths)
    saturated = _saturated(late, [it for it in processes if it.makes_load])
    pool, open_pool = pools(seen.pulls, seen.pushes, seen.limited_streams)
    held_up = seen.limited_streams if pool.is_limit else frozenset()
    found = tuple(
        limits(
            machine=seen.machine,
            generator=saturated,
            services=busy_services(processes, seen.link_kind, seen.registry_provider),
            pool=pool,
            open_pool=open_pool,
            behind=fell_behind(seen.pulls, seen.pushes, held_up),
            busiest=max(
                (it for it in processes if it.samples >= FEWEST_CPU_SAMPLES),
                key=lambda it: it.cpu_share_p90,
                default=None,
            ),
        )
    )
    return LoadHealth(
        lateness_samples=len(late),
        lateness_p50_s=finite(rank(late, 0.5)),
        lateness_p99_s=finite(rank(late, 0.99)),
        lateness_max_s=finite(rank(late, 1.0)),
        lateness_limit_s=LATENESS_LIMIT_S,
        cpu_limit_share=CPU_LIMIT_SHARE,
        saturated=bool(saturated),
        arrivals=pool.arrivals + open_pool.arrivals,
        pool_exhausted=pool.exhausted + open_pool.exhausted,
        pool_wait_max_s=max(pool.longest_s, open_pool.longest_s),
        limited_by=found[0].word if found else "nothing",
        limited_by_text=found[0].text if found else "",
        limits=found,
        machine=seen.machine,
        complete=any(end.complete for end in seen.ended),
        processes=processes,
    )


def _own_lateness(rows: pd.DataFrame) -> Floats:
    """How late each began, without what it waited for a free client."""
    late = rows["started_s"] - rows["due_s"] - waited_for_client_s(rows)
    return late.dropna().clip(lower=0).to_numpy(dtype=float)


def _saturated(late: Floats, makers: Sequence[ProcessHealth]) -> str:
    """How it shows that the generator was too slow, or "".

    The 99th percentile of lateness is beyond its limit, and so are a few pulls at least (one hiccup
    is no saturation); or one was so late that the generator must have stood still; or a process
    that makes load was at its CPU limit for a tenth of the time or more.
    """
    p99, latest = rank(late, 0.99), rank(late, 1.0)
    busy = any(
        it.samples >= FEWEST_CPU_SAMPLES and it.cpu_share_p90 >= CPU_LIMIT_SHARE for it in makers
    )
    if busy:
        return (
            "the load generator was saturated: a process was at its CPU limit for a tenth of the "
            "time; use more `--workers` or less load"
        )
    if p99 > LATENESS_LIMIT_S and int((late > LATENESS_LIMIT_S).sum()) >= _FEWEST_LATE:
        return (
            f"the load generator was late by itself: pulls began {p99:.3g} s late "
            f"(99th percentile, limit {LATENESS_LIMIT_S:g} s); use more `--workers`, less load or "
            "a quieter machine"
        )
    if latest > STALL_LIMIT_S:
        return (
            f"the load generator stood still: a pull began {latest:.3g} s late; repeat it on a "
            "quieter machine"
        )
    return ""


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
