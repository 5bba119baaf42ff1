"""The part `load` of a scenario: rollouts, and background clients."""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    StrictInt,
)

from harness.node.settings import PullPolicy
from harness.scenario.field_types import Repository, Slug, Strict
from harness.units import ByteCount, PerSecond, PositiveSeconds, Seconds


def _surge(value: Any) -> Any:
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,4}|\d{1,3}%", text):
        raise ValueError("must be a number of pods or a percentage, as 2 or 25%")
    return text


Surge = Annotated[str, BeforeValidator(_surge)]


class Rolling(Strict):
    """How Kubernetes replaces pods of a Deployment that is updated; its own defaults."""

    max_surge: Surge = "25%"
    max_unavailable: Surge = "25%"


class Rollback(Strict):
    """`kubectl rollout undo`: the version before comes back."""

    of: Slug
    at_s: Seconds = Field(alias="at")


class ScaleUp(Strict):
    """More pods of the version that is there, all at once."""

    of: Slug
    by: StrictInt = Field(ge=1, le=20_000)
    at_s: Seconds = Field(alias="at")


class Rollout(Strict):
    """A Deployment, rolled out `repeat` times.

    `cache: cold`: each round is a new version whose content no node has; `warm`: the same version
    each time, so that only the first round pulls. Without `rolling` all pods of a round are made
    at once and none of an earlier one is taken away before; with it, which needs a real cluster,
    one Deployment is updated.
    """

    name: Slug
    image: str
    replicas: StrictInt = Field(ge=1, le=20_000)
    at_s: Seconds = Field(0.0, alias="at")
    repeat: StrictInt = Field(1, ge=1, le=1000)
    every_s: PositiveSeconds | None = Field(None, alias="every")
    pull_policy: PullPolicy = "IfNotPresent"
    cache: Literal["cold", "warm"] = "cold"
    rolling: Rolling | None = None


class Pulls(Strict):
    """Background clients that pull at a rate, however long a pull takes. Without `for`: to the end.

    `users` limits how many pull at once; without it clients are made as needed, up to 1,000.
    """

    image: str
    rate_per_s: PerSecond = Field(alias="rate")
    users: StrictInt | None = Field(None, ge=1, le=5000)
    at_s: Seconds = Field(0.0, alias="at")
    for_s: PositiveSeconds | None = Field(None, alias="for")
    arrivals: Literal["constant", "poisson"] = "constant"


class Pushes(Strict):
    """Background clients that push new blobs at a rate. Without `for`: to the end.

    `users` as for pulls; without it the blobs under way take at most 1 GiB of memory.
    """

    repository: Repository = "pushed"
    size_bytes: ByteCount = Field(alias="size")
    rate_per_s: PerSecond = Field(alias="rate")
    users: StrictInt | None = Field(None, ge=1, le=5000)
    at_s: Seconds = Field(0.0, alias="at")
    for_s: PositiveSeconds | None = Field(None, alias="for")
    arrivals: Literal["constant", "poisson"] = "constant"


class Load(Strict):
    """`give_up`: how long after the last step pods may still become Ready."""

    rollouts: tuple[Rollout, ...] = ()
    rollbacks: tuple[Rollback, ...] = ()
    scale_ups: tuple[ScaleUp, ...] = ()
    pulls: tuple[Pulls, ...] = ()
    pushes: tuple[Pushes, ...] = ()
    give_up_s: PositiveSeconds = Field(300.0, alias="give_up")

    def streams(self) -> tuple[Pulls | Pushes, ...]:
        """The background clients of both kinds."""
        return (*self.pulls, *self.pushes)
