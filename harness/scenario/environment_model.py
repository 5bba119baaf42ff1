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

    `simulated` nodes follow the same rules as emulated ones on a virtual clock: no byte is moved.
    `existing` is a cluster of yours, which must be allowed by name on the command line; its nodes
    keep their own settings.
    """

    provider: Literal["simulated", "emulated", "kind", "existing"] = "emulated"
    nodes: StrictInt = Field(4, ge=1, le=SIMULATED_NODES_MAX)
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
    max_concurrent_downloads: StrictInt = Field(
        3,
        ge=1,
        description="layers that a node downloads at a time, shared by all its pulls "
        "(containerd 2.1 and later)",
    )
    image_pull_progress_timeout_s: PositiveSeconds = Field(
        300.0, alias="image_pull_progress_timeout"
    )

    def node_settings(self) -> NodeSettings:
        return NodeSettings(**self.model_dump(include=set(NODE_SETTINGS)))


class Network(Strict):
    """What the registry and the way to it can carry. What is left out has no limit.

    Kept in front of the registry, for nodes and clients and all faults; the harness's own
    requests are not limited. Requests beyond `requests_per_s` or `at_once` wait in their order.
    """

    egress_bytes_per_s: BytesPerSecond | None = Field(
        None, alias="egress", description="all content that it sends together, shared fairly"
    )
    node_bytes_per_s: BytesPerSecond | None = Field(
        None,
        alias="node",
        description="what one node receives; background clients are each a machine of their own",
    )
    round_trip_s: DelaySeconds | None = Field(
        None,
        alias="round_trip",
        description="of each request; a new connection needs one more, with TLS two more",
    )
    requests_per_s: Number | None = Field(None, gt=0, description="that it answers at most")
    service_s: DelaySeconds | None = Field(
        None, alias="service", description="how long each answer takes to its first byte"
    )
    at_once: StrictInt | None = Field(
        None, ge=1, description="requests that it works on at a time, until they are answered"
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

    registry: Registry = Registry()
    network: Network = Network()
    link: Literal["auto", "embedded", "toxiproxy", "none"] = "auto"
    cluster: Cluster = Cluster()
