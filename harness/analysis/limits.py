"""What limited a run, each with a sentence that names the setting to change.

What is the harness's own makes everything slower, so it is checked first; the registry is named
only when nothing else explains why arrivals waited.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from harness.analysis.client_pool import pool_exhausted, waited_for_client_s
from harness.analysis.health_findings import Limit, MachineFinding, ProcessHealth
from harness.analysis.pulls import due_of
from harness.analysis.quantiles import Floats
from harness.recording.limit_shares import POOL_SHARE, SERVICE_CPU_SHARE
from harness.recording.outcome import Outcome

_SERVICES: Final = {"link": "link", "registry": "registry process", "resolver": "resolver"}
FEWEST_CPU_SAMPLES: Final = 5
# nosqlbench's rule: a rate is sustained while at least 80 % of it is achieved.
_KEPT_UP_SHARE: Final = 0.8
_KEPT_UP_OVER_S: Final = 10.0
_FEWEST_BEHIND: Final = 10


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Arrivals of the streams that have `users`, or of those that have not."""

    arrivals: int
    exhausted: int
    longest_s: float

    @property
    def is_limit(self) -> bool:
        return self.exhausted > POOL_SHARE * self.arrivals

    @property
    def told(self) -> str:
        """`81 of 1,000 arrivals (8.1 %) found every client busy, the longest for 18.5 s`."""
        return (
            f"{self.exhausted:,} of {self.arrivals:,} arrivals "
            f"({100 * self.exhausted / self.arrivals:.3g} %) found every client busy, "
            f"the longest for {self.longest_s:.3g} s"
        )


def pools(pulls: pd.DataFrame, pushes: pd.DataFrame, limited: frozenset[str]) -> tuple[Pool, Pool]:
    """The arrivals of streams in `limited`, which have `users`, and those of the others."""
    arrivals = pd.concat([_arrivals(pulls[pulls["pod"].eq("")], "pull"), _arrivals(pushes, "push")])
    named = arrivals["stream"].isin(limited)
    return _pool(arrivals[named]), _pool(arrivals[~named])


def _arrivals(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "stream": _streams(rows, name),
            "waited_s": waited_for_client_s(rows),
            "exhausted": pool_exhausted(rows),
        }
    )


def _streams(rows: pd.DataFrame, name: str) -> "pd.Series[str]":
    """The stream of each, `pulls-1` of `pulls-1-17`."""
    return rows[name].str.rpartition("-")[0] if len(rows) else rows[name]


def _pool(arrivals: pd.DataFrame) -> Pool:
    return Pool(
        arrivals=len(arrivals),
        exhausted=int(arrivals["exhausted"].sum()),
        longest_s=float(arrivals["waited_s"].max()) if len(arrivals) else 0.0,
    )


def busy_services(
    processes: Iterable[ProcessHealth], link_kind: str, registry_provider: str
) -> list[tuple[str, ProcessHealth]]:
    """The harness's own services that were at their CPU limit, by the word for each.

    Toxiproxy uses more than one core, so its share says nothing; the machine's does.
    """
    behind = registry_provider not in ("", "embedded")
    words = _SERVICES | ({"registry": "gateway"} if behind else {})
    if link_kind == "toxiproxy":
        del words["link"]
    return [
        (words[it.process], it)
        for it in processes
        if it.process in words
        and it.samples >= FEWEST_CPU_SAMPLES
        and it.cpu_share_p90 >= SERVICE_CPU_SHARE
    ]


def fell_behind(
    pulls: pd.DataFrame, pushes: pd.DataFrame, without: frozenset[str]
) -> tuple[int, int, float] | None:
    """The worst stretch in which much less of what came due ended: due, ended, seconds.

    None when arrivals were kept up with. A registry that is slow and keeps up is no limit.
    `without`: streams that were held up by something else.
    """
    background = pulls[pulls["pod"].eq("") & ~_streams(pulls, "pull").isin(without)]
    pushes = pushes[~_streams(pushes, "push").isin(without)]
    due = np.sort(np.concatenate([due_of(background), due_of(pushes)]))
    ended = np.sort(np.concatenate([_endings(background), _endings(pushes)]))
    due = due[~np.isnan(due)]
    if len(due) < _FEWEST_BEHIND:
        return None
    over_s = min(_KEPT_UP_OVER_S, float(due[-1] - due[0]))
    starts: Floats = np.arange(due[0], due[-1] - over_s + 1e-9, 1.0)
    came, went = (
        np.searchsorted(times, starts + over_s, "right") - np.searchsorted(times, starts, "left")
        for times in (due, ended)
    )
    behind = came - went
    worst = int(np.argmax(behind))
    kept_up = went[worst] >= _KEPT_UP_SHARE * came[worst]
    if over_s < _KEPT_UP_OVER_S / 2 or kept_up or behind[worst] < _FEWEST_BEHIND:
        return None
    return int(came[worst]), int(went[worst]), over_s


def _endings(rows: pd.DataFrame) -> Floats:
    done = rows.loc[rows["outcome"].ne(Outcome.UNFINISHED), "ended_s"]
    return done.to_numpy(dtype=float)


def limits(
    *,
    machine: MachineFinding | None,
    generator: str,
    services: Sequence[tuple[str, ProcessHealth]],
    pool: Pool,
    open_pool: Pool,
    behind: tuple[int, int, float] | None,
    busiest: ProcessHealth | None,
) -> Iterator[Limit]:
    """All that there were; the first is what limited the run.

    `generator`: the sentence about a saturated load generator, or "".
    """
    if machine is not None and machine.saturated:
        yield Limit(word="machine", text=_machine_text(machine))
    if generator:
        yield Limit(word="generator", text=generator)
    if services:
        word, one = max(services, key=lambda it: it[1].cpu_share_p90)
        text = (
            f"the harness's own {word} was at its limit: {one.cpu_share_p90:.0%} of a core or more "
            "for a tenth of the time; use smaller images, less load or another machine"
        )
        yield Limit(word=word, text=text)
    if pool.is_limit:
        text = f"the client pool was exhausted: {pool.told}; set more `users`, or leave it out"
        yield Limit(word="client pool", text=text)
    if open_pool.is_limit:
        told = open_pool.told
    elif behind is not None:
        came, went, over_s = behind
        told = (
            f"of {came:,} pulls and pushes that were due within {over_s:.0f} s, "
            f"only as many as {went:,} ended"
        )
    else:
        return
    yield Limit(word="registry", text=f"the registry did not keep up: {told}{_idle(busiest)}")


def _idle(busiest: ProcessHealth | None) -> str:
    if busiest is None:
        return ""
    return (
        f", and the harness was not the limit (its busiest process, {busiest.process}: "
        f"{busiest.cpu_share_p90:.0%} of a core, 90th percentile)"
    )


def _machine_text(machine: MachineFinding) -> str:
    told = []
    if machine.busy or machine.busy_phases:
        when = "" if machine.busy else f" {' and '.join(machine.busy_phases)} the faults"
        told.append(f"its {machine.cpus} cores were all busy for most of the time{when}")
    if machine.stolen:
        told.append(f"its host took {machine.steal_share_mean:.0%} of its processor time away")
    if machine.waits_for_disk:
        told.append(f"it waited for its disk for {machine.iowait_share_mean:.0%} of the time")
    if machine.short_of_memory:
        told.append(f"only {machine.memory_available_share_min:.0%} of its memory was left")
    return (
        f"this machine was the limit: {', '.join(told)}; "
        "use another machine or a quieter one, smaller images or fewer nodes"
    )
