"""What an untrusted manifest names: parts with their digests and sizes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from harness.oci.digest import is_digest
from harness.oci.media_types import CONFIGS

PARTS_MAX: Final = 20_000  # no manifest of 4 MiB that means well has more
_SIZE_MAX: Final = 1 << 62
_FOREIGN: Final = ("nondistributable", "foreign")  # layers that are not pushed: image-spec
_NO_PLATFORM: Final = "unknown"  # BuildKit's attestations in an index: unknown/unknown


class DocumentError(ValueError):
    """The document is no manifest; the message is its rule."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a descriptor points to. `platform`: `linux/arm64/v8`, "" where it names none."""

    digest: str
    size_bytes: int
    media_type: str = ""
    platform: str = ""


@dataclass(frozen=True, kw_only=True)
class ManifestDocument:
    """A manifest or index. `config` is None unless it is that of an image."""

    config: Part | None
    blobs: tuple[Part, ...]  # the config's too, whatever it is
    manifests: tuple[Part, ...]
    subject: str


def read_document(content: bytes) -> ManifestDocument:
    """The manifest in `content`. Raises DocumentError."""
    data = _object(content)
    config = next(_parts("config", [data["config"]]), None) if data.get("config") else None
    layers = [it for it in _parts("layers", data.get("layers")) if not _is_foreign(it.media_type)]
    subject = next(_parts("subject", [data["subject"]]), None) if data.get("subject") else None
    return ManifestDocument(
        config=config if config is not None and config.media_type in CONFIGS else None,
        blobs=(*([config] if config else []), *layers),
        manifests=tuple(_parts("manifests", data.get("manifests"))),
        subject=subject.digest if subject else "",
    )


def read_platform(content: bytes) -> str:
    """The platform that an image's config names. Raises DocumentError."""
    return platform_text(_object(content))


def platform_text(data: Any) -> str:
    """`os/architecture[/variant]`; "" when it names none."""
    if not isinstance(data, dict):
        return ""
    system, architecture = data.get("os"), data.get("architecture")
    if not isinstance(system, str) or not isinstance(architecture, str):
        return ""
    if _NO_PLATFORM in (system, architecture):
        return ""
    variant = data.get("variant")
    return "/".join([system, architecture, *([variant] if isinstance(variant, str) else [])])


def _object(content: bytes) -> dict[str, Any]:
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        raise DocumentError("is not JSON") from None
    if not isinstance(data, dict):
        raise DocumentError("is not a JSON object")
    return data


def read_parts(key: str, items: Any) -> tuple[Part, ...]:
    """The descriptors of a list, None for an empty one. Raises DocumentError."""
    return tuple(_parts(key, items))


def _parts(key: str, items: Any) -> Iterator[Part]:
    if items is None:
        return
    if not isinstance(items, list) or len(items) > PARTS_MAX:
        raise DocumentError(f"{key} must be a list of at most {PARTS_MAX} descriptors")
    for item in items:
        digest = item.get("digest") if isinstance(item, dict) else None
        if not isinstance(digest, str) or not is_digest(digest):
            raise DocumentError(f"{key}: digest {str(digest)[:80]!r} is malformed")
        size = item.get("size")
        if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size < _SIZE_MAX:
            raise DocumentError(f"{key}: size {str(size)[:40]!r} is not a number of bytes")
        yield Part(
            digest=digest,
            size_bytes=size,
            media_type=str(item.get("mediaType") or "")[:255],
            platform=platform_text(item.get("platform")),
        )


def _is_foreign(media_type: str) -> bool:
    return any(mark in media_type for mark in _FOREIGN)
