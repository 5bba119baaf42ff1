"""Samples by image and by rollout, in the scenario's names: without versions and rounds."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from harness.analysis.recovery import repository_of

MOST_SUBSETS: Final = 100  # of each kind, those with the most samples
_READ: Final = [
    *("pod", "node", "image", "due_s", "started_s", "ended_s", "outcome", "phase", "bytes"),
]
_ROUND: Final = re.compile(r"-\d+$")


@dataclass(frozen=True, kw_only=True)
class Subset:
    """The samples of one image or one rollout. `group`: which of both it is."""

    group: str
    name: str
    pods: pd.DataFrame
    pulls: pd.DataFrame


def narrowed(
    pods: pd.DataFrame, pulls: pd.DataFrame, image: str, rollout: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The pods and pulls of `image`, of `rollout`, or of both; "" is any."""
    if image:
        pods, pulls = pods[_images(pods).eq(image)], pulls[_images(pulls).eq(image)]
    if rollout:
        pods = pods[_rollouts(pods).eq(rollout)]
        pulls = pulls[pulls["pod"].isin(set(pods["pod"]))]
    return pods, pulls


def subsets(pods: pd.DataFrame, pulls: pd.DataFrame) -> Iterator[Subset]:
    """Every image, and every rollout, where there are several. Background pulls have no rollout."""
    rollouts = _rollouts(pods)
    yield from _split("image", pods, _images(pods), pulls, _images(pulls))
    if len(rollouts.cat.categories) > 1:
        by_pod = dict(zip(pods["pod"], rollouts, strict=True))
        yield from _split("rollout", pods, rollouts, pulls, pulls["pod"].map(by_pod).fillna(""))


def _split(
    group: str,
    pods: pd.DataFrame,
    of_pods: "pd.Series[str]",
    pulls: pd.DataFrame,
    of_pulls: "pd.Series[str]",
) -> Iterator[Subset]:
    counts = of_pods.value_counts().add(of_pulls.value_counts(), fill_value=0)
    names = counts.drop("", errors="ignore").sort_values(ascending=False).index[:MOST_SUBSETS]
    if len(names) <= 1:
        return
    mine = dict(iter(pods.groupby(of_pods, observed=True)))
    theirs = dict(iter(pulls[_READ].groupby(of_pulls, observed=True)))
    for name in sorted(names):
        some, others = mine.get(name, pods.head(0)), theirs.get(name, pulls.head(0))
        yield Subset(group=group, name=name, pods=some, pulls=others)


def _images(rows: pd.DataFrame) -> "pd.Series[str]":
    return _renamed(rows["image"], repository_of)


def _rollouts(pods: pd.DataFrame) -> "pd.Series[str]":
    return _renamed(pods["rollout"], lambda name: _ROUND.sub("", name))


def _renamed(names: "pd.Series[str]", rename: Callable[[str], str]) -> "pd.Series[str]":
    """`names`, of which few differ, each renamed."""
    codes, known = pd.factorize(names)
    again, renamed = pd.factorize(np.array([rename(str(name)) for name in known], dtype=object))
    dtype = pd.CategoricalDtype(list(renamed))
    return pd.Series(pd.Categorical.from_codes(again[codes], dtype=dtype), index=names.index)
