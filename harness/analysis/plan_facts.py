"""What the plan promised: pods, faults and expectations, read leniently from `plan.json`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

Comparison = Literal["at_most", "at_least"]


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """One entry of `expect`; `quantile` None judges the worst sample, `phase` "" the whole run.

    `image`, `rollout`: as the scenario names them; "" for all.
    """

    metric: str
    comparison: Comparison
    limit: float  # seconds, share or bytes/s, as the metric has it
    quantile: float | None = None
    phase: str = ""
    fault: str = ""
    image: str = ""
    rollout: str = ""


@dataclass(frozen=True, kw_only=True)
class PlannedPod:
    pod: str
    rollout: str
    node: str
    image: str
    round: int
    at_s: float


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Where a fault may bite; empty means everywhere."""

    nodes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    repository: str = ""


@dataclass(frozen=True, kw_only=True)
class PlannedOccurrence:
    """One occurrence of a fault as planned. `settings` are the scenario's, for the page."""

    fault: str
    word: str
    occurrence: int
    at_s: float
    ends_s: float
    scope: Scope = Scope()
    settings: Mapping[str, Any] = field(default_factory=dict)


def planned_pods(plan: Mapping[str, Any]) -> tuple[PlannedPod, ...]:
    """Every pod of every rollout; none when the plan holds none or cannot be understood."""
    pods: list[PlannedPod] = []
    for rollout in _objects(_object(plan.get("load")).get("rollouts")):
        at_s, number = _number(rollout.get("at_s")), int(_number(rollout.get("round"), 1))
        pods.extend(
            PlannedPod(
                pod=str(pod.get("pod", "")),
                rollout=str(rollout.get("rollout", "")),
                node=str(pod.get("node", "")),
                image=str(rollout.get("image", "")),
                round=number,
                at_s=at_s,
            )
            for pod in _objects(rollout.get("pods"))
        )
    return tuple(pods)


def planned_faults(plan: Mapping[str, Any]) -> tuple[PlannedOccurrence, ...]:
    """Every occurrence of every fault, by its time."""
    found = []
    for fault in _objects(plan.get("faults")):
        where = _object(fault.get("where"))
        at_s = _number(fault.get("at_s"))
        found.append(
            PlannedOccurrence(
                fault=str(fault.get("id", "")),
                word=str(fault.get("word", "")),
                occurrence=int(_number(fault.get("occurrence"), 1)),
                at_s=at_s,
                ends_s=_number(fault.get("ends_s"), at_s),
                scope=Scope(
                    nodes=_words(where.get("nodes")),
                    kinds=_words(where.get("kinds")),
                    repository=str(where.get("repository") or ""),
                ),
                settings=_object(fault.get("settings")),
            )
        )
    return tuple(sorted(found, key=lambda fault: (fault.at_s, fault.fault)))


def planned_expectations(plan: Mapping[str, Any]) -> tuple[Expectation, ...]:
    """Every entry of `expectations` by its order; one without a limit cannot be judged."""
    found = []
    comparisons: tuple[Comparison, ...] = ("at_most", "at_least")
    for entry in _objects(plan.get("expectations")):
        quantile = entry.get("quantile")
        found += [
            Expectation(
                metric=str(entry.get("metric", "")),
                comparison=comparison,
                limit=float(entry[comparison]),
                quantile=float(quantile) if isinstance(quantile, int | float) else None,
                phase=str(entry.get("phase") or ""),
                fault=str(entry.get("fault") or ""),
                image=str(entry.get("image") or ""),
                rollout=str(entry.get("rollout") or ""),
            )
            for comparison in comparisons
            if isinstance(entry.get(comparison), int | float)
        ]
    return tuple(found)


def with_missing_pods(
    pods: pd.DataFrame, planned: tuple[PlannedPod, ...], end_s: float
) -> tuple[pd.DataFrame, int]:
    """`pods` and, as unfinished, those that were due before `end_s` but left no sample.

    Adds the column `recorded`. Also returns how many planned pods were not due yet: those are no
    samples of anything.
    """
    seen = set(pods["pod"])
    absent = [pod for pod in planned if pod.pod not in seen]
    missing = [pod for pod in absent if pod.at_s <= end_s]
    rows = pd.DataFrame(
        {
            "pod": [pod.pod for pod in missing],
            "rollout": [pod.rollout for pod in missing],
            "node": [pod.node for pod in missing],
            "image": [pod.image for pod in missing],
            "round": [pod.round for pod in missing],
            "created_s": [pod.at_s for pod in missing],
        }
    )
    blank: dict[str, Any] = {
        "ended_s": end_s,
        "outcome": "unfinished",
        "cause": "",
        "phase": "",
        "attempts": 0,
        "image_digest": "",
        "built_digest": "",
    }
    rows = rows.assign(**blank, cached=False, recorded=False)
    pods = pods.assign(recorded=True)
    if missing:
        rows = rows.reindex(columns=pods.columns).astype(pods.dtypes.to_dict())
        pods = pd.concat([pods, rows], ignore_index=True)
    return pods, len(absent) - len(missing)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (entry for entry in value if isinstance(entry, dict))


def _words(value: Any) -> tuple[str, ...]:
    return tuple(str(word) for word in value) if isinstance(value, list) else ()


def _number(value: Any, otherwise: float = 0.0) -> float:
    return float(value) if isinstance(value, int | float) else otherwise
