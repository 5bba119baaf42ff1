"""Arrivals that were due while every client of their stream was busy."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from harness.recording.phases import Phase

# A shorter wait is one turn of the scheduler: it moves no arrival into another phase.
SHORTEST_WAIT_S: Final = 0.01
CLIENTS_POD: Final = ""  # the `pod` of a background client's pull


def waited_for_client_s(rows: pd.DataFrame) -> "pd.Series[float]":
    """How long each pull or push waited for a free client.

    A recording from before this was recorded does not tell: there a client that began late was
    busy, except before the first fault.
    """
    waited = rows["waited_for_client_s"]
    if not waited.isna().any():
        return waited
    guessed = (rows["started_s"] - rows["due_s"]).clip(lower=0).fillna(0.0)
    held_up = rows["phase"].ne(Phase.BEFORE)
    if "pod" in rows:
        held_up &= rows["pod"].eq(CLIENTS_POD)
    return waited.fillna(guessed.where(held_up, 0.0))


def pool_exhausted(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Which pulls or pushes were due while no client was free."""
    return waited_for_client_s(rows).gt(SHORTEST_WAIT_S)


def limited_streams(plan: Mapping[str, Any]) -> frozenset[str]:
    """The streams of `plan` with `users`, by name: the others make clients as needed."""
    load = plan.get("load") or {}
    streams = [*(load.get("pulls") or ()), *(load.get("pushes") or ())]
    return frozenset(it["name"] for it in streams if it.get("users") is not None)
