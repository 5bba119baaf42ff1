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

    max_surge: Surge = Field(
        "25%", description="pods beyond `replicas` meanwhile, as in Kubernetes", examples=["1"]
    )
    max_unavailable: Surge = Field(
        "25%", description="pods that may be missing meanwhile, as in Kubernetes", examples=["0"]
    )


class Rollback(Strict):
    """`kubectl rollout undo`: the version before comes back."""

    of: Slug = Field(description="the name of a rollout", examples=["app"])
    at_s: Seconds = Field(
        alias="at", description="when, counted from the beginning of the run", examples=["40s"]
    )


class ScaleUp(Strict):
    """More pods of the version that is there, all at once."""

    of: Slug = Field(description="the name of a rollout", examples=["app"])
    by: StrictInt = Field(ge=1, le=20_000, description="how many pods more", examples=[20])
    at_s: Seconds = Field(
        alias="at", description="when, counted from the beginning of the run", examples=["20s"]
    )


class Rollout(Strict):
    """A Deployment, rolled out `repeat` times.

    `cache: cold`: each round is a new version whose content no node has; `warm`: the same version
    each time, so that only the first round pulls. Without `rolling` all pods of a round are made
    at once and none of an earlier one is taken away before; with it, which needs a real cluster,
    one Deployment is updated.
    """

    name: Slug = Field(description="of the Deployment", examples=["app"])
    image: str = Field(description="a name of `images`", examples=["app"])
    replicas: StrictInt = Field(ge=1, le=20_000, description="pods of each round", examples=[24])
    at_s: Seconds = Field(
        0.0, alias="at", description="when its first round begins", examples=["5s"]
    )
    repeat: StrictInt = Field(1, ge=1, le=1000, description="how many rounds", examples=[4])
    every_s: PositiveSeconds | None = Field(
        None,
        alias="every",
        description="from one round to the next; needs `repeat`",
        examples=["15s"],
    )
    pull_policy: PullPolicy = Field(
        "IfNotPresent",
        description="`imagePullPolicy` of the pods; Always: a node that has the image asks for its "
        "tag",
        examples=["Always"],
    )
    cache: Literal["cold", "warm"] = Field(
        "cold",
        description="cold: each round is a new version; warm: the same, which nodes pull once",
        examples=["warm"],
    )
    rolling: Rolling | None = Field(
        None, description="update one Deployment, pod by pod; real clusters only"
    )


class Pulls(Strict):
    """Background clients that pull at a rate, however long a pull takes. Without `for`: to the end.

    `users` limits how many pull at once; without it clients are made as needed, up to 1,000.
    """

    image: str = Field(description="a name of `images`; always its first version", examples=["app"])
    rate_per_s: PerSecond = Field(
        alias="rate", description="pulls that become due, however long each takes", examples=["2/s"]
    )
    users: StrictInt | None = Field(
        None,
        ge=1,
        le=5000,
        description="clients, each does one at a time; without it up to 1,000 as needed",
        examples=[8],
    )
    at_s: Seconds = Field(0.0, alias="at", description="when they begin", examples=["10s"])
    for_s: PositiveSeconds | None = Field(
        None,
        alias="for",
        description="how long they go on; without it to the end",
        examples=["60s"],
    )
    arrivals: Literal["constant", "poisson"] = Field(
        "constant",
        description="constant: evenly spaced; poisson: at random, as of many independent clients",
        examples=["poisson"],
    )


class Pushes(Strict):
    """Background clients that push new blobs at a rate. Without `for`: to the end.

    `users` as for pulls; without it the blobs under way take at most 1 GiB of memory.
    """

    repository: Repository = Field("pushed", description="where the blobs go", examples=["builds"])
    size_bytes: ByteCount = Field(alias="size", description="of each blob", examples=["1MiB"])
    rate_per_s: PerSecond = Field(
        alias="rate",
        description="pushes that become due, however long each takes",
        examples=["2/s"],
    )
    users: StrictInt | None = Field(
        None,
        ge=1,
        le=5000,
        description="clients, each does one at a time; without it as many as 1 GiB of blobs",
        examples=[8],
    )
    at_s: Seconds = Field(0.0, alias="at", description="when they begin", examples=["10s"])
    for_s: PositiveSeconds | None = Field(
        None,
        alias="for",
        description="how long they go on; without it to the end",
        examples=["60s"],
    )
    arrivals: Literal["constant", "poisson"] = Field(
        "constant",
        description="constant: evenly spaced; poisson: at random, as of many independent clients",
        examples=["poisson"],
    )


class Load(Strict):
    """`give_up`: how long after the last step pods may still become Ready."""

    rollouts: tuple[Rollout, ...] = Field((), description="Deployments, each in rounds")
    rollbacks: tuple[Rollback, ...] = Field((), description="`kubectl rollout undo` of a rollout")
    scale_ups: tuple[ScaleUp, ...] = Field((), description="more pods of a rollout")
    pulls: tuple[Pulls, ...] = Field((), description="background clients that pull")
    pushes: tuple[Pushes, ...] = Field((), description="background clients that push blobs")
    give_up_s: PositiveSeconds = Field(
        300.0,
        alias="give_up",
        description="how long after the last step pods may still become Ready; what is not Ready "
        "then counts as never",
        examples=["2m"],
    )

    def streams(self) -> tuple[Pulls | Pushes, ...]:
        """The background clients of both kinds."""
        return (*self.pulls, *self.pushes)
