"""What a scenario says of its registry."""

from dataclasses import dataclass
from typing import Literal

from harness.gateway.network_limits import NO_LIMITS, NetworkLimits
from harness.registry.profile import Limits, ProfileName

Provider = Literal["embedded", "distribution", "external"]


@dataclass(frozen=True, kw_only=True)
class RegistrySettings:
    """One registry, as the scenario, the plan and the environment have it.

    `url` and `login_from`, which names variables and never has values, are an external one's.
    `limits`: quotas that it keeps by itself. `token_lifetime_s`: of the tokens that it gives out.
    `port`: 0 for any free one. `network`: what it and the way to it can carry.
    """

    provider: Provider = "embedded"
    url: str = ""
    login_from: tuple[str, str] | None = None
    profile: ProfileName = "generic"
    limits: Limits | None = None
    auth: Literal["token", "none"] = "token"
    tls: bool = False
    port: int = 0
    token_lifetime_s: float = 300.0
    network: NetworkLimits = NO_LIMITS
