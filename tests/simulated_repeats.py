"""Runs that never happened, shaped as real ones, to ask how often a comparison is wrong.

    uv run python -m tests.simulated_repeats

prints the figures of docs/compare.md. A run has rollouts of pods on nodes, an outage, and retries
as kubelet does them: a pod sync after 11 to 15 s, back-off that doubles, and pods of one node that
share their syncs. Whole runs share the speed of their machine. Pods at the edge of the outage fall
into one phase or the other, so that medians jump between repeats, as they do in real ones.
"""

import sys
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from harness.analysis.comparison import compare
from harness.analysis.figure_comparison import LEVEL, Limits
from harness.analysis.figures import CONTROL, KINDS, SHORTEST_S, Figure, FigureName
from harness.analysis.permutation import family_p, labellings
from harness.analysis.run_figures import RunFigures
from harness.analysis.run_sets import RunSet

Floats = npt.NDArray[np.float64]

ROUNDS, NODES, ON_A_NODE = 6, 4, 3
EVERY_S, FAULT_S, HEALED_S = 5.0, 6.0, 20.0
BASE_S = 1.1


@dataclass(frozen=True, kw_only=True)
class Noise:
    """How much whole runs (`machine`) and their pods differ though nothing changed."""

    machine: float = 0.04
    pod: float = 0.15
    pull: float = 0.15
    tail: float = 0.4  # the p95 of pulls of some hundredths of a second
    lateness: float = 0.5  # of the load generator, which tells a busy machine


AS_MEASURED = Noise()


def simulated(
    shape: tuple[int, int], rng: np.random.Generator, noise: Noise, slower: Floats, busy: Floats
) -> dict[FigureName, Floats]:
    """The figures of trials times repeats runs.

    `slower` and `busy` (repeats each) multiply every time, and the lateness of the generator.
    """
    machine = np.exp(rng.normal(0, noise.machine, shape))[..., None]
    created, delay, ready = _pods(shape, rng, noise, machine)
    met = (created < HEALED_S) & (ready > FAULT_S)
    late = created >= HEALED_S
    delay = delay * slower[None, :, None]
    waiting = np.where(met, ready - HEALED_S, np.nan) * slower[None, :, None]
    found = {
        name("deployment_delay", "all", "p50"): np.quantile(delay, 0.5, axis=-1),
        name("deployment_delay", "all", "p95"): np.quantile(delay, 0.95, axis=-1),
        name("deployment_delay", "before", "p50"): _median(delay, ~met & ~late),
        name("deployment_delay", "after", "p50"): _median(delay, late),
        name("deployment_delay", "during outage-1", "p50"): _median(delay, met),
        name("recovery_time", "after outage-1"): np.nanmax(waiting, axis=-1),
        name("first_success_time", "after outage-1"): rng.gamma(4, 0.07, shape) * slower,
        name("pods_ready", "all"): np.ones(shape),
        CONTROL: 0.003 * np.exp(rng.normal(0, noise.lateness, shape)) * busy,
        name("throughput"): 38e6 * np.exp(rng.normal(0, 0.02, shape)),
    }
    for part, share in (("before", 0.005), ("during", 0.98), ("after", 0.005)):
        rate = rng.binomial(40, share, shape) / 40
        found[name("pull_error_rate", part)] = rate
    for part in ("before", "after"):
        typical = 0.03 * machine[..., 0] * np.exp(rng.normal(0, noise.pull, shape)) * slower
        found[name("pull_duration", part, "p50")] = typical
        tail = 2 * np.exp(np.abs(rng.normal(0, noise.tail, shape)))
        found[name("pull_duration", part, "p95")] = typical * tail
    return found


def name(metric: str, part: str = "", quantile: str = "") -> FigureName:
    return FigureName(metric=metric, part=part, quantile=quantile)


def _median(values: Floats, which: npt.NDArray[np.bool_]) -> Floats:
    median: Floats = np.nanmedian(np.where(which, values, np.nan), axis=-1)
    return median


def _pods(
    shape: tuple[int, int], rng: np.random.Generator, noise: Noise, machine: Floats
) -> tuple[Floats, Floats, Floats]:
    """Created, delay and ready in seconds, each (trials, repeats, pods)."""
    at = np.repeat(np.arange(ROUNDS) * EVERY_S, NODES * ON_A_NODE)
    created = np.broadcast_to(at, (*shape, len(at)))
    base = BASE_S * machine * np.exp(rng.normal(0, noise.pod, created.shape))
    shared = (*shape, ROUNDS, NODES, 1)
    tries = created.copy()
    for back_off_s in (0.0, 10.0, 20.0):  # on top of one sync
        fails = (tries + base > FAULT_S) & (tries < HEALED_S)
        sync = rng.uniform(11, 15, shared) + back_off_s + rng.normal(0, 0.05, (*shared[:-1], 1))
        waits = np.broadcast_to(sync, (*shared[:-1], ON_A_NODE)).reshape(created.shape)
        tries = np.where(fails, tries + waits, tries)
    ready = tries + base
    return created, ready - created, ready


def sets(found: dict[FigureName, Floats], trial: int, a_runs: int) -> tuple[RunSet, RunSet]:
    """One trial as two sides."""
    runs = next(iter(found.values())).shape[1]
    each = [_run(index, found, trial) for index in range(runs)]
    return (
        RunSet(name="a", runs=tuple(each[:a_runs])),
        RunSet(name="b", runs=tuple(each[a_runs:])),
    )


EMPTY = RunFigures(
    run_id="",
    scenario="simulated",
    scenario_sha256="0",
    seed=1,
    started="2026-11-24T10:00:00+00:00",
    cluster="emulated",
    registry="embedded",
    link="embedded",
    versions={"registry-harness": "0.1.0"},
    machine="2 CPUs",
    group="",
    verdict="pass",
    unfit="",
    figures={},
)


def _run(index: int, found: dict[FigureName, Floats], trial: int) -> RunFigures:
    known = {
        one: Figure(value=float(values[trial, index]), samples=100) for one, values in found.items()
    }
    return replace(EMPTY, run_id=f"run-{index}", figures=known)


def share_called_worse(found: dict[FigureName, Floats], a_runs: int) -> float:
    """The share of trials that `compare` calls a regression.

    The permutation test is asked of all trials at once; only where it does not rule a regression
    out must the whole comparison answer.
    """
    limits = Limits()
    judged = {one: values for one, values in found.items() if one != CONTROL}
    values = np.stack([on_scale(one.metric, it) for one, it in judged.items()], axis=-1)
    trials, runs, _ = values.shape
    minimum = np.array([limits.shift(one.metric) for one in judged])
    labels = labellings(a_runs, runs - a_runs)
    parts = np.array_split(values, trials * len(labels) // 100_000 + 1)
    chances = np.concatenate([family_p(part, labels, minimum) for part in parts])
    flagged = np.flatnonzero(chances.min(axis=-1) <= LEVEL)
    worse = sum(
        compare(*sets(found, int(trial), a_runs), limits).verdict == "regression"
        for trial in flagged
    )
    return float(worse / trials)


def on_scale(metric: str, values: Floats) -> Floats:
    """`scaled` for a whole array."""
    kind = KINDS[metric]
    floor = SHORTEST_S if kind.unit == "s" else 1.0
    numbers = np.log(np.maximum(values, floor)) if kind.scale == "ratio" else values
    return numbers if kind.more_is_worse else -numbers


def trial_share(
    repeats: tuple[int, int],
    slow_down: float,
    *,
    trials: int,
    seed: int,
    noise: Noise = AS_MEASURED,
    busy: float = 1.0,
) -> float:
    """The share of `trials` called a regression when B is `slow_down` times as slow.

    `busy`: how many times as late the generator was in B.
    """
    slower = np.repeat((1.0, slow_down), repeats)
    rng = np.random.default_rng(seed)
    later = np.repeat((1.0, busy), repeats)
    found = simulated((trials, sum(repeats)), rng, noise, slower, later)
    return share_called_worse(found, repeats[0])


ROWS = ("as measured", AS_MEASURED), ("twice as noisy", Noise(machine=0.08, pod=0.3, pull=0.3))
REPEATS = ((5, 5), (6, 6), (10, 3), (10, 5))
COLUMNS = ((1.0, 1.0, 4000), (1.1, 1.0, 400), (1.2, 1.0, 400), (1.3, 1.0, 400), (1.2, 5.0, 400))


def table() -> str:
    """The table of docs/compare.md."""
    head = ("noise", "repeats, A + B", "unchanged", "10 % slower", "20 % slower", "30 % slower")
    lines = [f"| {' | '.join((*head, '20 % slower, on a busier machine'))} |", "|---" * 7 + "|"]
    for title, noise in ROWS:
        for repeats in REPEATS:
            shares = [
                trial_share(repeats, slow_down, trials=trials, seed=seed, noise=noise, busy=busy)
                for seed, (slow_down, busy, trials) in enumerate(COLUMNS, start=1)
            ]
            cells = " | ".join(f"{value * 100:.1f} %" for value in shares)
            lines.append(f"| {title} | {repeats[0]} + {repeats[1]} | {cells} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
