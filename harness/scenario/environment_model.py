"""The part `environment` of a scenario: the registry, the link and the cluster."""

from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    model_validator,
)

from harness.gateway.network_limits import NetworkLimits
from harness.node.settings import NodeSettings
from harness.registry.profile import Limits, ProfileName
from harness.registry.profiles import PROFILES
from harness.scenario.field_types import Number, Strict, VariableName
from harness.units import ByteCount, BytesPerSecond, DelaySeconds, PositiveSeconds

NODES_MAX = 2000  # each has listeners and connections of its own
SIMULATED_NODES_MAX = 100_000
NODE_SETTINGS = frozenset(it.name for it in fields(NodeSettings)) - {"unpack_bytes_per_s"}


class Quotas(Strict):
    """What the registry itself refuses to go beyond; what is left out has no limit."""

    pulls: StrictInt | None = Field(
        None, ge=0, description="manifests that an account may read in each window", examples=[100]
    )
    window_s: PositiveSeconds = Field(
        6 * 3600.0, alias="window", description="what pulls is for", examples=["1m"]
    )
    requests_per_s: Number | None = Field(
        None,
        gt=0,
        description="of all clients together, with a burst of one second's worth; more get 429",
        examples=[50],
    )
    storage_bytes: ByteCount | None = Field(
        None,
        alias="storage",
        description="content of all repositories, each digest once",
        examples=["32MiB"],
    )
    tags: StrictInt | None = Field(None, ge=1, description="in each repository", examples=[10])

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

    provider: Literal["embedded", "distribution", "external"] = Field(
        "embedded",
        description="the harness's own, the reference registry started for the run, or the one at "
        "`url`",
        examples=["distribution"],
    )
    url: str | None = Field(
        None, description="of an external registry", examples=["https://registry.example:5000"]
    )
    username_from: VariableName | None = Field(
        None,
        description="the environment variable with the login; without: Docker's own file",
        examples=["REGISTRY_USER"],
    )
    password_from: VariableName | None = Field(
        None,
        description="the environment variable with the password",
        examples=["REGISTRY_PASSWORD"],
    )
    profile: ProfileName = Field(
        "generic",
        description="whose challenges, tokens, errors and limits it has",
        examples=["docker_hub"],
    )
    quotas: Annotated[Quotas | None, BeforeValidator(_quotas)] = Field(
        None,
        description="that it keeps by itself; `profile`: those of its profile",
        examples=["profile"],
        json_schema_extra=_or_profile,
    )
    auth: Literal["token", "none"] = Field(
        "token",
        description="how clients log in: in the profile's own way, or not",
        examples=["none"],
    )
    tls: StrictBool = Field(
        False, description="HTTPS, with an authority that lives for one run", examples=["true"]
    )
    port: StrictInt = Field(
        0, ge=0, le=65535, description="where it listens; 0: any free port", examples=[5000]
    )
    token_lifetime_s: PositiveSeconds | None = Field(
        None,
        alias="token_lifetime",
        description="of the tokens that it gives out, of the password for ecr; else the profile's",
        examples=["5m"],
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

    `simulated` nodes follow the same rules as emulated ones on a virtual clock: no byte is moved.
    `existing` is a cluster of yours, which must be allowed by name on the command line; its nodes
    keep their own settings.
    """

    provider: Literal["simulated", "emulated", "kind", "existing"] = Field(
        "emulated", description="who pulls", examples=["simulated"]
    )
    nodes: StrictInt = Field(
        4,
        ge=1,
        le=SIMULATED_NODES_MAX,
        description="how many; emulated at most 2,000, simulated 100,000",
        examples=[8],
    )
    image: str | None = Field(
        None, min_length=1, description="kind: its node image", examples=["kindest/node:v1.34.0"]
    )
    pull_secret: Literal["pod", "service_account"] = Field(
        "pod",
        description="kind, existing: where pods find the registry's credentials",
        examples=["service_account"],
    )
    context: str | None = Field(
        None, min_length=1, description="existing: the kube-context", examples=["staging"]
    )
    registry_host: str | None = Field(
        None,
        description="existing: the address at which its nodes reach this machine",
        examples=["192.0.2.7"],
    )
    registry_port: StrictInt = Field(
        5000,
        ge=1,
        le=65535,
        description="existing: where its nodes pull, at registry_host",
        examples=[6000],
    )
    serialize_image_pulls: StrictBool = Field(
        True,
        description="kubelet's `serializeImagePulls`: one image after the other",
        examples=["false"],
    )
    max_parallel_image_pulls: StrictInt = Field(
        0,
        ge=0,
        description="kubelet's `maxParallelImagePulls`; 0: no limit. Needs serialize_image_pulls: "
        "false",
        examples=[3],
    )
    registry_pull_qps: StrictInt = Field(
        5,
        ge=0,
        description="kubelet's `registryPullQPS`: pulls a second of a node; 0: no limit",
        examples=[10],
    )
    registry_burst: StrictInt = Field(
        10,
        ge=1,
        description="kubelet's `registryBurst`: how many at once before that",
        examples=[20],
    )
    max_concurrent_downloads: StrictInt = Field(
        3,
        ge=1,
        description="layers that a node downloads at a time, shared by all its pulls "
        "(containerd 2.1 and later)",
        examples=[6],
    )
    image_pull_progress_timeout_s: PositiveSeconds = Field(
        300.0,
        alias="image_pull_progress_timeout",
        description="containerd's own: a pull in which no byte came for so long is cancelled",
        examples=["60s"],
    )

    def node_settings(self) -> NodeSettings:
        return NodeSettings(**self.model_dump(include=set(NODE_SETTINGS)))


class Network(Strict):
    """What the registry and the way to it can carry. What is left out has no limit.

    Kept in front of the registry, for nodes and clients and all faults; the harness's own
    requests are not limited. Requests beyond `requests_per_s` or `at_once` wait in their order.
    """

    egress_bytes_per_s: BytesPerSecond | None = Field(
        None,
        alias="egress",
        description="all content that it sends together, shared fairly",
        examples=["1Gbit/s"],
    )
    node_bytes_per_s: BytesPerSecond | None = Field(
        None,
        alias="node",
        description="what one node receives; background clients are each a machine of their own",
        examples=["100Mbit/s"],
    )
    round_trip_s: DelaySeconds | None = Field(
        None,
        alias="round_trip",
        description="of each request; a new connection needs one more, with TLS two more",
        examples=["20ms"],
    )
    requests_per_s: Number | None = Field(
        None, gt=0, description="that it answers at most; the others wait", examples=[200]
    )
    service_s: DelaySeconds | None = Field(
        None,
        alias="service",
        description="how long each answer takes to its first byte",
        examples=["30ms"],
    )
    at_once: StrictInt | None = Field(
        None,
        ge=1,
        description="requests that it works on at a time, until they are answered",
        examples=[16],
    )

    @property
    def limits(self) -> NetworkLimits:
        return NetworkLimits(
            egress_bytes_per_s=self.egress_bytes_per_s,
            node_bytes_per_s=self.node_bytes_per_s,
            round_trip_s=self.round_trip_s or 0.0,
            requests_per_s=self.requests_per_s,
            service_s=self.service_s or 0.0,
            at_once=self.at_once,
        )


class Environment(Strict):
    """What is stood up. `link: none` lets nodes reach the gateway directly."""

    registry: Registry = Field(Registry(), description="what is pulled from")
    network: Network = Field(Network(), description="what the registry and the way to it carry")
    link: Literal["auto", "embedded", "toxiproxy", "none"] = Field(
        "auto",
        description="the TCP proxy between nodes and registry; auto: Toxiproxy where it is "
        "installed, else embedded",
        examples=["embedded"],
    )
    cluster: Cluster = Field(Cluster(), description="the nodes")
