"""How long a scenario lasts, and how much of everything it asks for."""

from collections.abc import Sequence

from harness.scenario.load_model import Pulls, Pushes, Rollout
from harness.scenario.model import FaultEntry, ScenarioBody

# Background load without an end of its own goes on this long after the last step, so that there
# is an "after" to compare with.
TAIL_S = 15.0


def last_step_s(body: ScenarioBody, faults: Sequence[FaultEntry]) -> float:
    """When the last step is due, other than those of background load without an end."""
    return max(
        (
            0.0,
            *(round_at_s(it, it.repeat) for it in body.load.rollouts),
            *(it.at_s for it in body.load.rollbacks),
            *(it.at_s for it in body.load.scale_ups),
            *(spans_of(it)[-1][1] for it in faults),
            *(it.at_s + (it.for_s or 0.0) for it in body.load.streams()),
        )
    )


def round_at_s(rollout: Rollout, number: int) -> float:
    """When round `number`, from 1, of a Deployment begins."""
    return rollout.at_s + (number - 1) * (rollout.every_s or 0.0)


def stream_end_s(stream: Pulls | Pushes, last_s: float) -> float:
    """When background load ends, in a scenario whose last step is due at `last_s`."""
    return last_s + TAIL_S if stream.for_s is None else stream.at_s + stream.for_s


def spans_of(entry: FaultEntry) -> list[tuple[float, float]]:
    """When each occurrence of a fault begins and ends, in order."""
    when = entry.occurrence
    starts = [when.at_s + number * (when.every_s or 0.0) for number in range(when.times)]
    return [(start, start + when.for_s) for start in starts]
