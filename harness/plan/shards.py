"""Scenarios dealt out to the jobs of a CI matrix, so that all end at about the same time."""

import re
from collections.abc import Sequence
from typing import Final

_SHARD: Final = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})", re.ASCII)
# What a run takes beside its plan: to start the environment, to wait for pods, to write the report.
_BESIDE_S: Final = 10.0


def read_shard(text: str) -> tuple[int, int]:
    """`2/3` as (2, 3). Raises ValueError, in one sentence, for anything else."""
    found = _SHARD.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        raise ValueError("must be K/N, as 2/3, with K from 1 to N")
    return int(found[1]), int(found[2])


def shard(durations_s: Sequence[float], number: int, of: int) -> list[int]:
    """The places of those that shard `number` (from 1) of `of` has, in their order.

    The longest first, each to the shard that has least to do (Graham, 1969: at most a third more
    than the best there is). Whoever computes it, with the same durations, deals them alike.
    """
    loads = [0.0] * of
    mine = []
    longest_first = sorted(range(len(durations_s)), key=lambda place: (-durations_s[place], place))
    for place in longest_first:
        least = loads.index(min(loads))
        loads[least] += durations_s[place] + _BESIDE_S
        if least == number - 1:
            mine.append(place)
    return sorted(mine)
