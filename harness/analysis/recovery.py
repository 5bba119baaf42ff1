"""How long it took, after each heal, until things worked again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

import numpy as np
import pandas as pd

from harness.analysis.json_values import finite
from harness.analysis.plan_facts import Scope
from harness.analysis.pod_findings import RecoveryFinding
from harness.analysis.windows import FaultWindow, overlap
from harness.recording.outcome import Outcome

_READ: Final = ["pod", "node", "image", "started_s", "ended_s", "outcome"]


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """One heal and its aftermath in seconds; infinity for what never came, NaN for no answer."""

    window: FaultWindow
    tried_again: bool
    first_success_wait_s: float
    pods_waiting: int
    pods_never_ready: int
    recovery_wait_s: float
    watched_s: float
    retry_waits_s: tuple[float, ...]


def recoveries(
    pods: pd.DataFrame,
    pulls: pd.DataFrame,
    pushes: pd.DataFrame,
    windows: Sequence[FaultWindow],
    scopes: Mapping[tuple[str, int], Scope],
) -> tuple[Recovery, ...]:
    """One for every window that was healed."""
    as_pulls = pushes.assign(pod="", image=pushes["repository"])
    attempts = pd.concat(
        [pulls[_READ].assign(of="pull"), as_pulls[_READ].assign(of="push")], ignore_index=True
    )
    return tuple(
        _recovery(pods, attempts, window, scopes.get((window.fault, window.occurrence), Scope()))
        for window in windows
        if window.healed
    )


def _recovery(
    pods: pd.DataFrame, pulls: pd.DataFrame, window: FaultWindow, scope: Scope
) -> Recovery:
    healed_s = window.end_s
    pods, pulls = pods[in_scope(pods, scope)], pulls[in_scope(pulls, scope)]
    waiting = pods[
        pods["created_s"].le(healed_s)
        & ~(pods["outcome"].eq(Outcome.OK) & pods["ready_s"].le(healed_s))
        & (pods["outcome"].eq(Outcome.OK) | pods["ended_s"].gt(healed_s))
    ]
    never = waiting[~waiting["outcome"].eq(Outcome.OK)]
    later = pulls[pulls["ended_s"].ge(healed_s) & pulls["of"].isin(_hurt(pulls, window))]
    good = later[later["outcome"].eq(Outcome.OK)]
    first_s = float(good["ended_s"].min()) if len(good) else np.inf
    last_ready_s = float(waiting["ready_s"].max()) if len(waiting) else healed_s
    return Recovery(
        window=window,
        tried_again=len(later) > 0,
        first_success_wait_s=first_s - healed_s,
        pods_waiting=len(waiting),
        pods_never_ready=len(never),
        recovery_wait_s=np.inf if len(never) else last_ready_s - healed_s,
        watched_s=float(never["ended_s"].max()) - healed_s if len(never) else 0.0,
        retry_waits_s=_retry_waits(pulls, waiting, healed_s),
    )


def _hurt(attempts: pd.DataFrame, window: FaultWindow) -> set[str]:
    """What failed while the fault was on, pulls or pushes; both when neither did.

    A push that succeeds is no recovery of a fault that only pulls met.
    """
    met = attempts[overlap(attempts["started_s"], attempts["ended_s"], window)]
    return set(met.loc[met["outcome"].eq(Outcome.FAILED), "of"]) or {"pull", "push"}


def in_scope(rows: pd.DataFrame, scope: Scope) -> "pd.Series[bool]":
    """Which rows of pods or pulls a fault with this scope could touch."""
    mask = pd.Series(data=True, index=rows.index, dtype=bool)
    if scope.nodes:
        mask &= rows["node"].isin(scope.nodes)
    if scope.repository:
        fits = {
            image: fnmatchcase(repository_of(image), scope.repository)
            for image in rows["image"].unique()
        }
        mask &= rows["image"].map(fits).astype(bool)
    return mask


def repository_of(image: str) -> str:
    """The repository in an image reference: without host, tag and digest."""
    name = image.partition("@")[0]
    host, slash, rest = name.partition("/")
    if slash and ("." in host or ":" in host or host == "localhost"):
        name = rest
    return name.rpartition(":")[0] or name if ":" in name.rpartition("/")[2] else name


def _retry_waits(pulls: pd.DataFrame, waiting: pd.DataFrame, healed_s: float) -> tuple[float, ...]:
    """For each waiting pod with no attempt under way at the heal: how long until the next one."""
    mine = pulls[pulls["pod"].isin(set(waiting["pod"])) & pulls["pod"].ne("")]
    under_way = mine[mine["started_s"].le(healed_s) & ~mine["ended_s"].le(healed_s)]
    tried = set(mine.loc[mine["started_s"].le(healed_s), "pod"])
    later = mine[mine["started_s"].gt(healed_s) & ~mine["pod"].isin(set(under_way["pod"]))]
    first = later[later["pod"].isin(tried)].groupby("pod")["started_s"].min() - healed_s
    return tuple(float(wait) for wait in first)


def recovery_findings(found: Sequence[Recovery]) -> tuple[RecoveryFinding, ...]:
    """`found` as findings."""
    return tuple(_finding(recovery) for recovery in found)


def _finding(recovery: Recovery) -> RecoveryFinding:
    waits = recovery.retry_waits_s
    return RecoveryFinding(
        fault=recovery.window.fault,
        occurrence=recovery.window.occurrence,
        healed_s=recovery.window.end_s,
        tried_again=recovery.tried_again,
        first_success_wait_s=finite(recovery.first_success_wait_s),
        pods_waiting=recovery.pods_waiting,
        pods_never_ready=recovery.pods_never_ready,
        recovery_wait_s=finite(recovery.recovery_wait_s),
        more_than_s=recovery.watched_s if recovery.pods_never_ready else None,
        retry_wait_median_s=float(np.median(waits)) if waits else None,
        retry_wait_max_s=max(waits) if waits else None,
    )
