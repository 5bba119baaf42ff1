"""What a pull reads from manifests: media types, the platform's manifest, config and layers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.node.commands import AttemptFailed
from harness.node.texts import invalid_json, zero_size
from harness.oci.media_types import CONFIGS, INDEXES, MANIFESTS


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """A digest with the type and size it must have."""

    digest: str
    media_type: str
    size_bytes: int

    @property
    def ref(self) -> str:
        """The name of its transfer, as errors print it (containerd: core/remotes/handlers.go)."""
        if self.media_type in MANIFESTS:
            return f"manifest-{self.digest}"
        if self.media_type in INDEXES:
            return f"index-{self.digest}"
        if self.media_type in CONFIGS:
            return f"config-{self.digest}"
        if ".layer." in self.media_type or ".diff." in self.media_type:
            return f"layer-{self.digest}"
        return f"unknown-{self.digest}"


@dataclass(frozen=True, kw_only=True)
class ImageManifest:
    """What one platform's image is made of; a layer that comes twice is named once."""

    config: Descriptor
    layers: tuple[Descriptor, ...]


def read_manifest(digest: str, document: bytes) -> ImageManifest:
    """The config and layers of a manifest. Raises AttemptFailed when it is none."""
    data = _object(digest, document)
    if not data.get("config"):  # to Go it is an empty descriptor, which is fetched next (seen)
        raise AttemptFailed(zero_size(""), code="InvalidArgument")
    try:
        layers = {layer["digest"]: _descriptor(layer) for layer in data.get("layers") or ()}
        return ImageManifest(config=_descriptor(data["config"]), layers=tuple(layers.values()))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AttemptFailed(f"children: invalid desc {digest}: {error!r}") from error


def choose_platform(digest: str, document: bytes) -> Descriptor:
    """The linux/amd64 manifest of an index. Raises AttemptFailed when there is none."""
    data = _object(digest, document)
    try:
        for entry in data.get("manifests") or ():
            platform = entry.get("platform")
            if platform is None or _is_ours(platform):
                return _descriptor(entry)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AttemptFailed(f"children: invalid desc {digest}: {error!r}") from error
    raise AttemptFailed("no match for platform in manifest: not found", code="NotFound")


def _is_ours(platform: Mapping[str, Any]) -> bool:
    return platform.get("os") == "linux" and platform.get("architecture") == "amd64"


def _descriptor(data: Mapping[str, Any]) -> Descriptor:
    return Descriptor(
        digest=str(data["digest"]),
        media_type=str(data.get("mediaType", "")),
        size_bytes=int(data["size"]),
    )


def _object(digest: str, document: bytes) -> dict[str, Any]:
    try:
        data = json.loads(document)
    except ValueError as error:
        raise AttemptFailed(f"children: invalid desc {digest}: {invalid_json(document)}") from error
    if not isinstance(data, dict):
        raise AttemptFailed(f"children: invalid desc {digest}: {invalid_json(document)}")
    return data
