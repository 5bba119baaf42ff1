"""The registry of a plan: its settings from the scenario, and their keys in plan.json."""

from typing import Any

from harness.environment.registry_settings import RegistrySettings
from harness.gateway.network_limits import NO_LIMITS, NetworkLimits
from harness.registry.profiles import PROFILES
from harness.scenario.environment_model import Registry

_PREFIXED = ("auth", "tls", "port", "profile", "limits")


def planned_registry(registry: Registry, network: NetworkLimits = NO_LIMITS) -> RegistrySettings:
    login_from = (registry.username_from or "", registry.password_from or "")
    return RegistrySettings(
        provider=registry.provider,
        url=registry.url or "",
        login_from=login_from if all(login_from) else None,
        profile=registry.profile,
        limits=registry.limits,
        auth=registry.auth,
        tls=registry.tls,
        port=registry.port,
        token_lifetime_s=registry.token_lifetime_s or PROFILES[registry.profile].token_lifetime_s,
        network=network,
    )


def registry_keys(settings: dict[str, Any]) -> dict[str, Any]:
    """The plain settings under their keys in plan.json, most of which are prefixed."""
    inner = ("provider", "url", "login_from")
    return {
        "registry": {name: settings[name] for name in inner},
        "token_lifetime_s": settings["token_lifetime_s"],
        "network": settings["network"],
        **{f"registry_{name}": settings[name] for name in _PREFIXED},
    }
