"""What an environment consists of, and where its services listen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from harness.environment.registry_settings import Provider, RegistrySettings
from harness.environment.upstream.access import UpstreamSettings
from harness.oci.images import ImageSpec
from harness.registry.profiles import PROFILES
from harness.registry.tokens import Account

LOOPBACK = "127.0.0.1"

LinkKind = Literal["auto", "embedded", "toxiproxy", "none"]


@dataclass(frozen=True, kw_only=True)
class LabSettings:
    """What to stand up. `password`: of the account that the embedded registry knows."""

    seed: int
    nodes: tuple[str, ...]
    images: tuple[ImageSpec, ...]
    images_bytes: int
    link: LinkKind = "auto"
    registry: RegistrySettings = field(default_factory=RegistrySettings)
    password: str
    toxiproxy_path: str | None = None
    cache_folder: Path
    upstream: UpstreamSettings | None = None  # None: the embedded registry
    open_link_control: bool = False  # the embedded link's API asks for no token, as Toxiproxy's

    @property
    def provider(self) -> Provider:
        return "embedded" if self.upstream is None else self.upstream.provider

    @property
    def account(self) -> Account:
        """The account that the embedded registry knows."""
        return Account(username=PROFILES[self.registry.profile].username, password=self.password)

    @property
    def login(self) -> tuple[str, str]:
        """As whom nodes pull; empty where nobody asks, or nobody has a login."""
        if self.upstream is not None and self.upstream.provider == "external":
            return self.upstream.username, self.upstream.password
        if self.registry.auth == "none":
            return "", ""
        return self.account.username, self.account.password


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where services listen for the nodes, and the address that nodes reach them at.

    `ports`: of the link's listeners that need a certain one, by node. `resolver_asked`: whether
    nodes ask our resolver; else only the load does, on this machine.
    """

    listen_host: str = LOOPBACK
    address: str = LOOPBACK
    ports: Mapping[str, int] = field(default_factory=dict)
    resolver_asked: bool = True
