"""When the registry's storage quota is used up by what is pushed."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from harness.load.orders import PushesOrder


@dataclass(frozen=True, kw_only=True)
class StorageForecast:
    """`used_bytes` are there when the run begins. `full_at_s`: in the run, None for not in it.

    `left_s`: at the rate of the pushes, from when the last of them is due; 0 when it is full.
    """

    limit_bytes: int
    used_bytes: int
    growth_bytes_per_s: float
    full_at_s: float | None
    left_s: float


def storage_forecast(
    pushes: Sequence[PushesOrder], *, used_bytes: int, limit_bytes: int
) -> StorageForecast | None:
    """None when nothing is pushed. Each push stores a blob that nobody has pushed before."""
    due = [*heapq.merge(*([(at_s, it.blob_bytes) for at_s in it.due_s] for it in pushes))]
    if not due:
        return None
    left, full_at_s = limit_bytes - used_bytes, None
    for at_s, count in due:
        left -= count
        if left < 0:
            full_at_s = at_s
            break
    pushed = sum(count for _, count in due)
    # n arrivals are n - 1 gaps apart
    lasts_s = (due[-1][0] - due[0][0]) * len(due) / max(1, len(due) - 1)
    growth = pushed / lasts_s if lasts_s else float(pushed)
    return StorageForecast(
        limit_bytes=limit_bytes,
        used_bytes=used_bytes,
        growth_bytes_per_s=growth,
        full_at_s=full_at_s,
        left_s=0.0 if full_at_s is not None else left / growth,
    )
