"""What a pushed manifest says, and whether it may be stored; no I/O."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from harness.oci.digest import is_digest
from harness.oci.errors import ErrorCode
from harness.oci.media_types import INDEXES
from harness.registry.refusal import RefusalError

MANIFEST_BYTES: Final = 4 << 20  # distribution-spec: at least 4 MiB should be accepted

_FOREIGN = ("nondistributable", "foreign")  # layers that are not pushed: image-spec, Docker v2.2


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """`blobs` and `manifests` are the digests that must be stored before it."""

    media_type: str
    blobs: tuple[str, ...]
    manifests: tuple[str, ...]
    subject: str | None
    artifact_type: str | None
    annotations: Mapping[str, str] | None

    def descriptor(self, digest: str, size_bytes: int) -> dict[str, Any]:
        """How the referrers list of its subject shows it."""
        shown: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": digest,
            "size": size_bytes,
        }
        if self.artifact_type:
            shown["artifactType"] = self.artifact_type
        if self.annotations:
            shown["annotations"] = dict(self.annotations)
        return shown


def read_manifest(content: bytes, content_type: str) -> Manifest:
    """The manifest in `content`, sent under `content_type`. Raises RefusalError."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _invalid(f"manifest is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise _invalid(f"manifest must be a JSON object, is {type(data).__name__}")
    media_type = _media_type(data, content_type)
    config = _descriptors(data, "config", [data["config"]] if "config" in data else [])
    subject = _descriptors(data, "subject", [data["subject"]] if "subject" in data else [])
    layers = _descriptors(data, "layers", data.get("layers", []))
    children = _descriptors(data, "manifests", data.get("manifests", []))
    artifact_type = data.get("artifactType")
    if not artifact_type and media_type not in INDEXES and config:
        artifact_type = config[0].get("mediaType")
    annotations = data.get("annotations")
    return Manifest(
        media_type=media_type,
        blobs=tuple(it["digest"] for it in (*config, *layers) if not _is_foreign(it)),
        manifests=tuple(it["digest"] for it in children),
        subject=subject[0]["digest"] if subject else None,
        artifact_type=artifact_type if isinstance(artifact_type, str) else None,
        annotations=annotations if isinstance(annotations, dict) else None,
    )


def _media_type(data: Mapping[str, Any], content_type: str) -> str:
    said, sent = data.get("mediaType"), content_type.partition(";")[0].strip()
    if said is not None and not isinstance(said, str):
        raise _invalid("mediaType must be a string")
    if said and sent and said != sent:
        raise _invalid(f"mediaType is {said}, but Content-Type is {sent}")
    found = said or sent
    if not found:
        raise _invalid("Content-Type is missing, and the manifest has no mediaType")
    if not found.isascii() or not found.isprintable():
        raise _invalid("media type must be printable ASCII")
    return found


def _descriptors(data: Mapping[str, Any], key: str, items: Any) -> list[dict[str, Any]]:
    if data.get(key) is None:
        return []
    if not isinstance(items, list):
        raise _invalid(f"{key} must be a list")
    for item in items:
        if not isinstance(item, dict):
            raise _invalid(f"{key} must hold descriptors")
        digest = item.get("digest")
        if not isinstance(digest, str) or not is_digest(digest):
            raise _invalid(f"{key}: digest {str(digest)[:80]!r} is malformed")
    return items


def _is_foreign(descriptor: Mapping[str, Any]) -> bool:
    return any(mark in str(descriptor.get("mediaType")) for mark in _FOREIGN)


def _invalid(message: str) -> RefusalError:
    return RefusalError(ErrorCode.MANIFEST_INVALID, message)
