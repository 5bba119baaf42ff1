"""The JSON documents of an image: config, manifest and index, as bytes that never vary.

OCI image-spec v1.1: config.md, manifest.md, image-index.md; Docker's differ in media types only.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.oci.media_types import MEDIA_TYPES, Format, Role

Platform = tuple[str, str]  # os and architecture, as GOOS and GOARCH name them
AMD64: Platform = ("linux", "amd64")

_CREATED = "1970-01-01T00:00:00Z"  # no clock, so that digests repeat
_USER = "65532:65532"  # by number, so that pods with runAsNonRoot may run it


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """What points to content: its media type, digest and size."""

    media_type: str
    digest: str
    size_bytes: int

    def as_json(self) -> dict[str, Any]:
        """The form it has in a manifest."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size_bytes}


@dataclass(frozen=True, kw_only=True)
class Titles:
    """What a document says of its image."""

    name: str
    version: str

    def as_annotations(self) -> dict[str, str]:
        """OCI image-spec: annotations.md, pre-defined keys."""
        return {
            "org.opencontainers.image.title": self.name,
            "org.opencontainers.image.version": self.version,
        }


def config_document(
    titles: Titles, platform: Platform, *, entrypoint: str, diff_ids: Sequence[str]
) -> bytes:
    """The image's config; one entry of history for each layer."""
    os, architecture = platform
    return _encoded(
        {
            "created": _CREATED,
            "architecture": architecture,
            "os": os,
            "config": {
                "User": _USER,
                "Entrypoint": [entrypoint],
                "WorkingDir": "/",
                "Labels": titles.as_annotations(),
                "StopSignal": "SIGTERM",
            },
            "rootfs": {"type": "layers", "diff_ids": list(diff_ids)},
            "history": [
                {
                    "created": _CREATED,
                    "created_by": f"layer {number} of {titles.name}:{titles.version}",
                }
                for number in range(len(diff_ids))
            ],
        }
    )


def manifest_document(
    titles: Titles, media: Format, *, config: Descriptor, layers: Sequence[Descriptor]
) -> bytes:
    """The manifest of one platform's image."""
    return _encoded(
        {
            "schemaVersion": 2,
            "mediaType": MEDIA_TYPES[media][Role.MANIFEST],
            "config": config.as_json(),
            "layers": [layer.as_json() for layer in layers],
            **_annotations(titles, media),
        }
    )


def index_document(
    titles: Titles, media: Format, manifests: Sequence[tuple[Platform, Descriptor]]
) -> bytes:
    """The index (in Docker's words: manifest list) of an image for several platforms."""
    return _encoded(
        {
            "schemaVersion": 2,
            "mediaType": MEDIA_TYPES[media][Role.INDEX],
            "manifests": [
                manifest.as_json() | {"platform": {"architecture": architecture, "os": os}}
                for (os, architecture), manifest in manifests
            ],
            **_annotations(titles, media),
        }
    )


def _annotations(titles: Titles, media: Format) -> dict[str, Any]:
    return {"annotations": titles.as_annotations()} if media == "oci" else {}  # Docker has none


def _encoded(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode("ascii")
