"""The scenario format: strict models whose words are the file's and whose values have units."""

import re
from dataclasses import fields
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    model_validator,
)
from pydantic import Strict as Exactly

from harness.faults import Fault
from harness.node.settings import NodeSettings, PullPolicy
from harness.oci.reference import is_repository
from harness.registry.profile import Limits, ProfileName
from harness.registry.profiles import PROFILES
from harness.seams import RequestKind
from harness.units import ByteCount, PerSecond, PositiveSeconds, Seconds

NODES_MAX = 2000
NODE_SETTINGS = frozenset(it.name for it in fields(NodeSettings)) - {"unpack_bytes_per_s"}


class Strict(BaseModel):
    """Frozen; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False)


def _slug(value: str) -> str:
    if not is_repository(value) or "/" in value:
        raise ValueError("must be lower-case letters and digits, with . _ - between them")
    return value


def _repository(value: str) -> str:
    if not is_repository(value):
        raise ValueError("must be a repository name, as app or team/app")
    return value


Selection = str | StrictInt
Number = Annotated[float, Exactly()]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Slug = Annotated[str, Field(max_length=100), AfterValidator(_slug)]
Repository = Annotated[str, Field(max_length=200), AfterValidator(_repository)]


class Quotas(Strict):
    """What the registry itself refuses to go beyond; what is left out has no limit."""

    pulls: StrictInt | None = Field(
        None, ge=0, description="manifests that an account may read in each window"
    )
    window_s: PositiveSeconds = Field(6 * 3600.0, alias="window", description="what pulls is for")
    requests_per_s: Number | None = Field(
        None, gt=0, description="of all clients together, with a burst of one second's worth"
    )
    storage_bytes: ByteCount | None = Field(
        None, alias="storage", description="content of all repositories, each digest once"
    )
    tags: StrictInt | None = Field(None, ge=1, description="in each repository")

    @model_validator(mode="after")
    def _limits_something(self) -> "Quotas":
        if self.limits.empty and self is not _PROFILES_OWN:
            raise ValueError("must limit pulls, requests_per_s, storage or tags")
        if self.pulls is None and "window_s" in self.model_fields_set:
            raise ValueError("window needs pulls: how many there may be in it")
        return self

    @property
    def limits(self) -> Limits:
        return Limits(**self.model_dump())


_PROFILES_OWN = Quotas.model_construct(
    pulls=None, requests_per_s=None, storage_bytes=None, tags=None
)


def _quotas(value: Any) -> Any:
    """`profile` is read as quotas without any limit, which nobody can write."""
    if value == "profile":
        return _PROFILES_OWN
    if value is not None and not isinstance(value, dict):
        raise ValueError("must be profile, for the limits of the profile itself, or a mapping")
    return value


def _or_profile(schema: dict[str, Any]) -> None:
    schema["anyOf"].insert(0, {"const": "profile"})


class Registry(Strict):
    """The registry. `auth: token` is its own way to log in: a token service, or Basic for ecr.

    `distribution` is the reference registry, started for the run; `external` is the one at `url`,
    which asks for its own logins and must be allowed by name on the command line.
    """

    provider: Literal["embedded", "distribution", "external"] = "embedded"
    url: str | None = Field(None, description="of an external registry, as https://registry:5000")
    username_from: VariableName | None = Field(
        None, description="the environment variable with the login; without: Docker's own file"
    )
    password_from: VariableName | None = None
    profile: ProfileName = Field(
        "generic", description="whose challenges, tokens, errors and limits it has"
    )
    quotas: Annotated[Quotas | None, BeforeValidator(_quotas)] = Field(
        None,
        description="that it keeps by itself; `profile`: those of its profile",
        json_schema_extra=_or_profile,
    )
    auth: Literal["token", "none"] = "token"
    tls: StrictBool = Field(False, description="HTTPS, with an authority that lives for one run")
    port: StrictInt = Field(0, ge=0, le=65535, description="0: any free port")
    token_lifetime_s: PositiveSeconds | None = Field(
        None,
        alias="token_lifetime",
        description="of the tokens that it gives out, of the password for ecr; else the profile's",
    )

    @property
    def limits(self) -> Limits | None:
        """The quotas that it keeps."""
        if self.quotas is None:
            return None
        own = self.quotas.limits
        return PROFILES[self.profile].limits if own.empty else own


class Cluster(Strict):
    """Who pulls: emulated nodes or a kind cluster's, with kubelet's and containerd's settings.

    `existing` is a cluster of yours, which must be allowed by name on the command line; its nodes
    keep their own settings.
    """

    provider: Literal["emulated", "kind", "existing"] = "emulated"
    nodes: StrictInt = Field(4, ge=1, le=NODES_MAX)
    image: str | None = Field(None, min_length=1, description="kind: its node image")
    pull_secret: Literal["pod", "service_account"] = Field(
        "pod", description="kind, existing: where pods find the registry's credentials"
    )
    context: str | None = Field(None, min_length=1, description="existing: the kube-context")
    registry_host: str | None = Field(
        None, description="existing: the address at which its nodes reach this machine"
    )
    registry_port: StrictInt = Field(
        5000, ge=1, le=65535, description="existing: where its nodes pull, at registry_host"
    )
    serialize_image_pulls: StrictBool = True
    max_parallel_image_pulls: StrictInt = Field(0, ge=0)
    registry_pull_qps: StrictInt = Field(5, ge=0)
    registry_burst: StrictInt = Field(10, ge=1)
    max_concurrent_downloads: StrictInt = Field(3, ge=1)
    image_pull_progress_timeout_s: PositiveSeconds = Field(
        300.0, alias="image_pull_progress_timeout"
    )

    def node_settings(self) -> NodeSettings:
        return NodeSettings(**self.model_dump(include=set(NODE_SETTINGS)))


class Environment(Strict):
    """What is stood up. `link: none` lets nodes reach the gateway directly."""

    registry: Registry = Registry()
    link: Literal["auto", "embedded", "toxiproxy", "none"] = "auto"
    cluster: Cluster = Cluster()


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
    """Background clients that pull at a rate, whoever is late. Without `for`: to the end."""

    image: str
    rate_per_s: PerSecond = Field(alias="rate")
    users: StrictInt = Field(8, ge=1, le=5000)
    at_s: Seconds = Field(0.0, alias="at")
    for_s: PositiveSeconds | None = Field(None, alias="for")
    arrivals: Literal["constant", "poisson"] = "constant"


class Pushes(Strict):
    """Background clients that push new blobs at a rate. Without `for`: to the end."""

    repository: Repository = "pushed"
    size_bytes: ByteCount = Field(alias="size")
    rate_per_s: PerSecond = Field(alias="rate")
    users: StrictInt = Field(2, ge=1, le=5000)
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


class FaultWhere(Strict):
    """The scope of a fault. `nodes`: "0-3,7" or "clients"; `layers`: "0" or "1-3"."""

    repository: str | None = Field(None, description="a repository, or a glob as team/*")
    kinds: tuple[RequestKind, ...] = ()
    layers: Selection | None = None
    nodes: Selection | None = None


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


class Expectation(Strict):
    """What a correct system meets; exactly one of `at_most` and `at_least`."""

    metric: str
    quantile: Number | None = Field(None, gt=0, le=1)
    phase: Literal["before", "during", "after"] | None = None
    fault: str | None = None
    at_most: Any = None
    at_least: Any = None


class Abort(Strict):
    """Stop the run when `metric` stays above `above` over a window of `over`."""

    metric: str
    over_s: PositiveSeconds = Field(alias="over")
    above: Any


class ScenarioBody(Strict):
    """Everything but the faults, whose settings have models of their own."""

    name: Slug
    summary: str = ""
    description: str = ""
    seed: StrictInt = Field(0, ge=0, lt=1 << 63)
    environment: Environment = Environment()
    images: dict[str, Image] = Field(default_factory=dict)
    load: Load = Load()
    expect: tuple[Expectation, ...] = ()
    abort_when: tuple[Abort, ...] = ()
