"""The levels of a figure over the nights: what changed, perhaps changed, or is not known yet."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from harness.analysis.change_points import (
    MOST,
    ChangePoint,
    change_points,
    enough_nights,
    first_cut,
)
from harness.analysis.figures import Kind, off_scale, on_scale
from harness.analysis.quantiles import Floats

# Of unchanged scenarios that are looked at every night for four months, at most this share is ever
# marked, with all their figures together.
LEVEL: Final = 0.05
# What looking every night costs: so many times as often as in a single look does a series without a
# change cross the level once in four months (measured: tests/simulated_nights.py).
LOOKS: Final = 28
# In one look, at most this share of unchanged scenarios has a figure that has perhaps changed.
PERHAPS_LEVEL: Final = 0.01


def certain_level(family: int) -> float:
    """How rare a change of one of `family` figures must be to be certain, in one look."""
    return LEVEL / (LOOKS * family)


@dataclass(frozen=True, kw_only=True)
class LevelChange:
    """A figure's new level from night `at` on. `before`, `after`: medians of the two levels.

    `change`: relative for "s" and "bytes/s", a difference for "share"; `worse`: for the user.
    """

    at: int
    started: str
    before: float
    after: float
    change: float
    worse: bool
    p: float


@dataclass(frozen=True, kw_only=True)
class Levels:
    """What a series of `searched_nights` values says.

    `perhaps`: a change of the newest level that is not certain yet. `needs_nights`: with so many
    values the change could be certain, or, where nothing changed, any change could; null when it
    has them. Both are the best case, two levels that never overlap.
    """

    changes: tuple[LevelChange, ...]
    perhaps: LevelChange | None
    searched_nights: int
    needs_nights: int | None


@dataclass(frozen=True, kw_only=True)
class Series:
    """What is searched of one figure: `values`, and of each its night and when that began."""

    kind: Kind
    values: Floats
    nights: tuple[tuple[int, str], ...]

    def search(self, family: int, least: float) -> Levels:
        """What changed by at least `least` (on the figure's scale), of `family` figures looked at.

        Whatever is searched for `perhaps` is the newest level: what is older had its nights.
        """
        certain = certain_level(family)
        scaled = np.array([on_scale(self.kind, value) for value in self.values])
        found = change_points(scaled, certain, least)
        edges = [0, *(one.at for one in found), len(scaled)]
        changes = tuple(
            self._change(one, start, end)
            for one, start, end in zip(found, edges, edges[2:], strict=False)
        )
        newest = max(edges[-2], len(scaled) - MOST)
        cut = first_cut(scaled[newest:], PERHAPS_LEVEL / family, least)
        perhaps = None
        needs = enough_nights(certain) if not changes else None
        if cut is not None:
            perhaps = self._change(replace(cut, at=newest + cut.at), newest, len(scaled))
            needs = enough_nights(certain, cut.at)
        if needs is not None:
            needs = newest + needs if newest + needs > len(scaled) else None
        return Levels(
            changes=changes, perhaps=perhaps, searched_nights=len(scaled), needs_nights=needs
        )

    def _change(self, one: ChangePoint, start: int, end: int) -> LevelChange:
        before = float(np.median(self.values[start : one.at]))
        after = float(np.median(self.values[one.at : end]))
        shift = on_scale(self.kind, after) - on_scale(self.kind, before)
        at, started = self.nights[one.at]
        return LevelChange(
            at=at,
            started=started,
            before=before,
            after=after,
            change=off_scale(self.kind, shift),
            worse=(shift > 0) is self.kind.more_is_worse,
            p=one.p,
        )
