"""When each background pull and push is due."""

from harness.chance import Chance
from harness.load.orders import (
    PullsOrder,
    PushesOrder,
)
from harness.load.pace import constant_due, poisson_due
from harness.plan.rollouts import Versions
from harness.scenario.extent import stream_end_s
from harness.scenario.load_model import Pulls, Pushes


def planned_pulls(
    index: int, pulls: Pulls, versions: Versions, last_s: float, seed: int
) -> PullsOrder:
    """Background pulls with their due times; `last_s`: when the load's last step is."""
    name = f"pulls-{index + 1}"
    return PullsOrder(
        name=name,
        image=versions.first(pulls.image),
        users=pulls.users,
        due_s=_due(pulls, last_s, Chance(seed, name)),
    )


def planned_pushes(index: int, pushes: Pushes, last_s: float, seed: int) -> PushesOrder:
    """Background pushes, in the same way."""
    name = f"pushes-{index + 1}"
    return PushesOrder(
        name=name,
        repository=pushes.repository,
        blob_bytes=pushes.size_bytes,
        users=pushes.users,
        due_s=_due(pushes, last_s, Chance(seed, name)),
    )


def _due(stream: Pulls | Pushes, last_s: float, chance: Chance) -> tuple[float, ...]:
    end_s = stream_end_s(stream, last_s)
    if stream.arrivals == "poisson":
        return poisson_due(stream.rate_per_s, stream.at_s, end_s, chance)
    return constant_due(stream.rate_per_s, stream.at_s, end_s)
