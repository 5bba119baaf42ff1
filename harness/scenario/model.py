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

    size_bytes: ByteCount = Field(alias="size")
    layers: StrictInt = Field(1, ge=1)
    media: Literal["oci", "docker"] = "oci"
    platforms: tuple[Literal["linux/amd64", "linux/arm64"], ...] = Field(
        ("linux/amd64",), min_length=1
    )


def platform_of(text: str) -> tuple[str, str]:
    """`linux/amd64` as system and architecture."""
    system, _, architecture = text.partition("/")
    return system, architecture


class FaultWhere(Strict):
    """The scope of a fault. `nodes`: "0-3,7" or "clients"; `layers`: "0" or "1-3"."""

    repository: str | None = Field(None, description="a repository, or a glob as team/*")
    kinds: tuple[RequestKind, ...] = ()
    layers: Selection | None = None
    nodes: Selection | None = None
    first: StrictInt | None = Field(
        None,
        ge=1,
        description="only so many requests in scope, each time; later ones are left alone",
    )


class Occurrence(Strict):
    """When a fault is on. `every` and `times`: it comes back."""

    at_s: Seconds = Field(alias="at")
    for_s: PositiveSeconds = Field(alias="for")
    every_s: PositiveSeconds | None = Field(None, alias="every")
    times: StrictInt = Field(1, ge=1, le=1000)
    where: FaultWhere = FaultWhere()


class FaultEntry(BaseModel):
    """One entry of `faults`: the fault under its word, and when and where."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    word: str
    fault: Fault
    occurrence: Occurrence
    KEYS: ClassVar[tuple[str, ...]] = ("at", "for", "every", "times", "where")


class ExpectationWhere(Strict):
    """Which samples an expectation is of: those of one image, of one rollout, or of both."""

    image: str | None = Field(None, description="a name of images; all its versions")
    rollout: str | None = Field(None, description="the name of a rollout; all its rounds")


class Expectation(Strict):
    """What a correct system meets; exactly one of `at_most` and `at_least`."""

    metric: str
    quantile: Number | None = Field(None, gt=0, le=1)
    phase: Literal["before", "during", "after"] | None = None
    fault: str | None = None
    where: ExpectationWhere | None = None
    at_most: Any = None
    at_least: Any = None


class Abort(Strict):
    """Stop the run: a `metric` is beyond its limit, or an outside signal fails.

    Signals are a `url` that answers no 2xx, and a `command` that ends with another code than 0.
    """

    metric: str | None = None
    quantile: Number | None = Field(None, gt=0, le=1, description="of a duration")
    above: Any = Field(None, description="a share, or a duration")
    below: Any = Field(None, description="a share")
    url: str | None = Field(None, description="asked by GET; only on loopback, or --allow-signal")
    command: tuple[str, ...] | None = Field(
        None, description="program and arguments, without a shell; needs --allow-commands"
    )
    over_s: Seconds | None = Field(
        None, alias="over", description="metric: the window; url, command: how long it must fail"
    )
    every_s: PositiveSeconds | None = Field(
        None, alias="every", description="url, command: how often it is tried [default: 5s]"
    )
    timeout_s: PositiveSeconds | None = Field(
        None, alias="timeout", description="url, command: for each try [default: 10s]"
    )


class ScenarioBody(Strict):
    """Everything but the faults, whose settings have models of their own."""

    name: Slug
    summary: str = ""
    description: str = ""
    tags: tuple[Slug, ...] = ()
    seed: StrictInt = Field(0, ge=0, lt=1 << 63)
    environment: Environment = Environment()
    images: dict[str, Image] = Field(default_factory=dict)
    load: Load = Load()
    expect: tuple[Expectation, ...] = ()
    abort_when: tuple[Abort, ...] = ()
