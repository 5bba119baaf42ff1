"""Which registry is asked, whether the user allowed it, and as whom."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from harness.environment.go_program import SetupFailed
from harness.environment.programs import DISTRIBUTION
from harness.environment.registry_settings import RegistrySettings
from harness.gateway.upstream.addresses import AddressError, origin_of

DISTRIBUTION_VARIABLE: Final = "HARNESS_DISTRIBUTION"
_CONFIG_BYTES: Final = 1 << 20
# Docker's name for its own registry in config.json (docker/cli: cli/config/configfile).
_DOCKER_HUB: Final = "https://index.docker.io/v1/"
_DOCKER_HUB_HOSTS: Final = ("docker.io", "index.docker.io", "registry-1.docker.io")


class AccessRefused(Exception):  # noqa: N818  it is a state, shown to the user
    """The registry may not or cannot be used. One sentence."""


@dataclass(frozen=True, kw_only=True)
class UpstreamSettings:
    """A registry behind the gateway. `url` is empty for a distribution that is to be started.

    `allowed` are the hosts that its answers may lead to. Without `username` nobody logs in;
    `login_from` are the variables that the login came from, for who undoes after a kill.
    """

    provider: Literal["distribution", "external"]
    url: str = ""
    program: Path | None = None
    allowed: tuple[str, ...] = ()
    login_from: tuple[str, str] | None = None
    username: str = ""
    password: str = field(default="", repr=False)


def upstream_settings(
    choice: RegistrySettings,
    *,
    allowed: Iterable[str],
    environment: Mapping[str, str],
    cache_folder: Path,
) -> UpstreamSettings | None:
    """What `choice` needs; None for the embedded registry. Raises AccessRefused, SetupFailed.

    `allowed` are the hosts that the user named, `environment` the user's variables.
    """
    if choice.provider == "embedded":
        return None
    if choice.provider == "distribution":
        return UpstreamSettings(
            provider="distribution", program=_distribution(environment, cache_folder)
        )
    hosts = tuple(host.lower() for host in allowed)
    try:
        origin = origin_of(choice.url)
    except AddressError as error:
        raise AccessRefused(f"environment.registry.url: {error}") from None
    if origin.netloc not in hosts and origin.host not in hosts:
        raise AccessRefused(
            f"environment.registry.url: {origin.netloc} is somebody's registry: "
            f"allow it by name with --allow-registry {origin.netloc}"
        )
    username, password = _credentials(choice, origin.netloc, environment)
    return UpstreamSettings(
        provider="external",
        url=choice.url,
        allowed=hosts,
        login_from=choice.login_from,
        username=username,
        password=password,
    )


def _distribution(environment: Mapping[str, str], cache_folder: Path) -> Path:
    try:
        found = DISTRIBUTION.find(
            named=environment.get(DISTRIBUTION_VARIABLE) or None,
            cache_folder=cache_folder,
            path=environment.get("PATH"),
        )
    except SetupFailed as error:
        raise SetupFailed(f"{DISTRIBUTION_VARIABLE}: {error}") from None
    if found is None:
        raise SetupFailed(
            "environment.registry.provider: distribution needs its program `registry`: "
            "harness setup distribution builds it with Go"
        )
    return found


def _credentials(
    choice: RegistrySettings, host: str, environment: Mapping[str, str]
) -> tuple[str, str]:
    """The user's login for `host`: from the variables named, else from Docker's configuration."""
    if choice.login_from is not None:
        username, password = (environment.get(name, "") for name in choice.login_from)
        if missing := [name for name in choice.login_from if not environment.get(name)]:
            raise AccessRefused(
                f"environment.registry: the variable {missing[0]} is not set, "
                f"and the login for {host} is to come from it"
            )
        return username, password
    folder = environment.get("DOCKER_CONFIG") or str(Path(environment.get("HOME", "/")) / ".docker")
    return docker_login(Path(folder) / "config.json", host)


def docker_login(config: Path, host: str) -> tuple[str, str]:
    """Username and password for `host` in Docker's configuration; both empty when it has none.

    Raises AccessRefused for a file that is no such configuration.
    """
    try:
        if config.stat().st_size > _CONFIG_BYTES:
            raise AccessRefused(f"{config}: is larger than {_CONFIG_BYTES >> 20} MiB")
        entries: Any = json.loads(config.read_text(encoding="utf-8")).get("auths", {})
        entry: Any = next((entries[name] for name in _names_of(host) if name in entries), {})
        login = base64.b64decode(entry.get("auth", ""), validate=True).decode()
    except FileNotFoundError:
        return "", ""
    except OSError as error:
        raise AccessRefused(f"{config}: cannot be read: {error.strerror}") from None
    except (ValueError, AttributeError, TypeError, binascii.Error):
        raise AccessRefused(f"{config}: is no Docker configuration") from None
    username, _, password = login.partition(":")
    return username, password


def _names_of(host: str) -> tuple[str, ...]:
    """The keys under which clients keep a login for `host`."""
    own = (host, f"https://{host}", f"https://{host}/", f"https://{host}/v2/", f"http://{host}")
    return (*own, _DOCKER_HUB, "docker.io") if host in _DOCKER_HUB_HOSTS else own
