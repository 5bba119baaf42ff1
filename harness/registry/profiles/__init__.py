"""The registries whose ways are known, by their scenario word."""

from collections.abc import Mapping
from typing import Final

from harness.registry.profile import Profile, ProfileName
from harness.registry.profiles import (
    acr,
    artifact_registry,
    docker_hub,
    ecr,
    generic,
    ghcr,
    harbor,
    quay,
)

_FILES = (generic, docker_hub, ecr, acr, artifact_registry, harbor, ghcr, quay)

PROFILES: Final[Mapping[ProfileName, Profile]] = {it.PROFILE.name: it.PROFILE for it in _FILES}
