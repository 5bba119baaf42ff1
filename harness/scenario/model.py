"""The scenario format: strict models whose words are the file's and whose values have units."""

from typing import Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
)

from harness.faults import Fault
from harness.scenario.environment_model import Environment
from harness.scenario.field_types import Number, Selection, Slug, Strict
from harness.scenario.load_model import Load
from harness.seams import RequestKind
from harness.units import ByteCount, PositiveSeconds, Seconds


class Image(Strict):
    """A synthetic image: `size` is the sum of its compressed layers."""

    size_bytes: ByteCount = Field(
        alias="size", description="all its layers together, compressed", examples=["64MiB"]
    )
    layers: StrictInt = Field(1, ge=1, description="how many, of about equal size", examples=[4])
    media: Literal["oci", "docker"] = Field(
        "oci", description="media types of its manifests", examples=["docker"]
    )
    platforms: tuple[Literal["linux/amd64", "linux/arm64"], ...] = Field(
        ("linux/amd64",),
        min_length=1,
        description="with more than one, the tag is an index",
        examples=["[linux/amd64, linux/arm64]"],
    )


def platform_of(text: str) -> tuple[str, str]:
    """`linux/amd64` as system and architecture."""
    system, _, architecture = text.partition("/")
    return system, architecture


class FaultWhere(Strict):
    """The scope of a fault. `nodes`: "0-3,7" or "clients"; `layers`: "0" or "1-3"."""

    repository: str | None = Field(
        None, description="a repository, or a glob as team/*", examples=["app"]
    )
    kinds: tuple[RequestKind, ...] = Field(
        (), description="kinds of requests, of those that the fault affects", examples=["[blob]"]
    )
    layers: Selection | None = Field(
        None, description="positions of layers in their manifest, from 0", examples=['"0-1"']
    )
    nodes: Selection | None = Field(
        None,
        description="numbers of nodes, or `clients`: the background clients",
        examples=['"0-1"'],
    )
    first: StrictInt | None = Field(
        None,
        ge=1,
        description="only so many requests in scope, each time; later ones are left alone",
        examples=[3],
    )


class Occurrence(Strict):
    """When a fault is on. `every` and `times`: it comes back."""

    at_s: Seconds = Field(alias="at", description="when it is injected", examples=["20s"])
    for_s: PositiveSeconds = Field(
        alias="for", description="how long until it is removed", examples=["30s"]
    )
    every_s: PositiveSeconds | None = Field(
        None,
        alias="every",
        description="from one time to the next; needs `times`",
        examples=["40s"],
    )
    times: StrictInt = Field(1, ge=1, le=1000, description="how often it comes", examples=[3])
    where: FaultWhere = Field(FaultWhere(), description="its scope; without it everything")


class FaultEntry(BaseModel):
    """One entry of `faults`: the fault under its word, and when and where."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    word: str
    fault: Fault
    occurrence: Occurrence
    KEYS: ClassVar[tuple[str, ...]] = ("at", "for", "every", "times", "where")


class ExpectationWhere(Strict):
    """Which samples an expectation is of: those of one image, of one rollout, or of both."""

    image: str | None = Field(
        None, description="a name of images; all its versions", examples=["app"]
    )
    rollout: str | None = Field(
        None, description="the name of a rollout; all its rounds", examples=["app"]
    )


class Expectation(Strict):
    """What a correct system meets; exactly one of `at_most` and `at_least`."""

    metric: str = Field(description="what is judged", examples=["deployment_delay"])
    quantile: Number | None = Field(
        None,
        gt=0,
        le=1,
        description="of a duration; without it all samples must keep the limit",
        examples=[0.95],
    )
    phase: Literal["before", "during", "after"] | None = Field(
        None, description="only what belongs to this phase of the faults", examples=["during"]
    )
    fault: str | None = Field(
        None,
        description="only of this fault, by its name, as latency or latency-2",
        examples=["latency-1"],
    )
    where: ExpectationWhere | None = Field(None, description="only of these samples")
    at_most: Any = Field(
        None, description="the limit, in the metric's unit: a duration, a share", examples=["90s"]
    )
    at_least: Any = Field(None, description="the same from below", examples=["100%"])


class Abort(Strict):
    """Stop the run: a `metric` is beyond its limit, or an outside signal fails.

    Signals are a `url` that answers no 2xx, and a `command` that ends with another code than 0.
    """

    metric: str | None = Field(
        None, description="one that is known during the run", examples=["pull_error_rate"]
    )
    quantile: Number | None = Field(None, gt=0, le=1, description="of a duration", examples=[0.9])
    above: Any = Field(None, description="a share, or a duration", examples=["90%"])
    below: Any = Field(None, description="a share", examples=["50%"])
    url: str | None = Field(
        None,
        description="requested by GET; only on loopback, or --allow-signal",
        examples=["http://127.0.0.1:9090/-/healthy"],
    )
    command: tuple[str, ...] | None = Field(
        None,
        description="program and arguments, without a shell; needs --allow-commands",
        examples=["[./healthy.sh, prod]"],
    )
    over_s: Seconds | None = Field(
        None,
        alias="over",
        description="metric: the window; url, command: how long it must fail",
        examples=["30s"],
    )
    every_s: PositiveSeconds | None = Field(
        None,
        alias="every",
        description="url, command: how often it is tried [default: 5s]",
        examples=["2s"],
    )
    timeout_s: PositiveSeconds | None = Field(
        None,
        alias="timeout",
        description="url, command: for each try [default: 10s]",
        examples=["5s"],
    )


class ScenarioBody(Strict):
    """Everything but the faults, whose settings have models of their own."""

    name: Slug = Field(
        description="of its runs' folder, its baseline and its series in a trend",
        examples=["expired-credentials"],
    )
    summary: str = Field(
        "",
        description="one sentence, shown above plans and reports",
        examples=["Credentials expire."],
    )
    description: str = Field(
        "", description="more of it, for readers of the file", examples=["Run before each release."]
    )
    tags: tuple[Slug, ...] = Field(
        (), description="chosen by `harness run --tag`", examples=["[nightly]"]
    )
    seed: StrictInt = Field(
        0,
        ge=0,
        lt=1 << 63,
        description="of everything that is drawn: the same seed gives the same plan",
        examples=[7],
    )
    environment: Environment = Field(Environment(), description="what is stood up")
    images: dict[str, Image] = Field(
        default_factory=dict,
        description="synthetic images by name, built and pushed before the run",
    )
    load: Load = Field(Load(), description="what pulls and pushes, and when")
    expect: tuple[Expectation, ...] = Field(
        (), description="what a correct system meets; a run without any is inconclusive"
    )
    abort_when: tuple[Abort, ...] = Field((), description="when to stop early (exit code 5)")
