"""Whether two sides measured the same thing: what must be equal, and what is only noted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from harness.analysis.run_figures import RunFigures

_ARROW: Final = "\N{RIGHTWARDS ARROW}"
_EDITED: Final = "the scenario or its --set values changed in between"
_MOST_KEYS: Final = 6
_LONGEST: Final = 60  # of a value


@dataclass(frozen=True, kw_only=True)
class Differences:
    """Sentences. `refused`: the difference would be taken for the registry's doing.

    `noted`: it may explain a change, or be the very change that is looked for, as a version is.
    """

    refused: tuple[str, ...]
    noted: tuple[str, ...]


# What decides the numbers more than the registry does, and why it is refused.
_REFUSED: Final[Mapping[str, tuple[Callable[[RunFigures], str], str]]] = {
    "scenario": (lambda run: run.scenario, "they test different things"),
    "seed": (
        lambda run: str(run.seed),
        "a different seed gives different images, schedules and random choices",
    ),
    "cluster provider": (
        lambda run: run.cluster,
        "emulated and real nodes differ by more than a typical regression",
    ),
    "registry": (lambda run: run.registry, "they ran against different registries"),
}


def differences(a: Sequence[RunFigures], b: Sequence[RunFigures]) -> Differences:
    """What differs between the runs of two sides, and inside one."""
    refused, noted = [], []
    for what, (read, why) in _REFUSED.items():
        of_a, of_b = {read(run) for run in a}, {read(run) for run in b}
        if "" in of_a | of_b:
            noted.append(f"{what}: not recorded in every run, so it may differ")
        elif len(of_a | of_b) > 1:
            refused.append(f"{what} differs: {_both(of_a, of_b)}; {why}")
    if any(not run.scenario_sha256 for run in (*a, *b)):
        noted.append("scenario content: not recorded in every run, so it may differ")
    elif others := [run for run in (*b, *a) if run.scenario_sha256 != a[0].scenario_sha256]:
        refused.append(f"scenario content differs: {changed_keys(a[0], others[0])}; {_EDITED}")
    for what, of_a, of_b in _notable(a, b):
        if of_a != of_b:
            noted.append(f"{what} differs: {_both(of_a, of_b)}")
    return Differences(refused=tuple(refused), noted=tuple(noted))


def changed_keys(old: RunFigures, new: RunFigures) -> str:
    """`images.app.size: 32MiB → 64MiB, …`: what differs between the scenarios of two runs."""
    if not (old.content and new.content):
        return "which keys was not recorded by the older version"
    keys = [key for key in {**old.content, **new.content} if _text(old, key) != _text(new, key)]
    if not keys:
        return "not in a key, so by the version that read it"
    shown = [f"{key}: {_text(old, key)} {_ARROW} {_text(new, key)}" for key in keys[:_MOST_KEYS]]
    more = [f"and {len(keys) - _MOST_KEYS} more keys"] if len(keys) > _MOST_KEYS else []
    return ", ".join([*shown, *more])


def _text(run: RunFigures, key: str) -> str:
    text = run.content.get(key, "not set")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _notable(
    a: Sequence[RunFigures], b: Sequence[RunFigures]
) -> list[tuple[str, set[str], set[str]]]:
    named = [("link", {run.link for run in a}, {run.link for run in b})]
    named += [("what limited the runs", _limited(a), _limited(b))]
    packages = sorted({package for run in (*a, *b) for package in run.versions})
    named += [
        (f"version of {package}", _versions(a, package), _versions(b, package))
        for package in packages
    ]
    return [*named, ("machine", {run.machine for run in a}, {run.machine for run in b})]


def _limited(runs: Sequence[RunFigures]) -> set[str]:
    exhausted = sum(run.pool_exhausted for run in runs)
    counted = {f"{exhausted:,} arrivals that found every client busy"} if exhausted else set()
    return {run.limited_by for run in runs if run.limited_by} | counted


def _versions(runs: Sequence[RunFigures], package: str) -> set[str]:
    return {run.versions.get(package, "none") for run in runs}


def _both(a: set[str], b: set[str]) -> str:
    return f"{' and '.join(sorted(a))} in A, {' and '.join(sorted(b))} in B"
