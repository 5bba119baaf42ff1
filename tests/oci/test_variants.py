"""Other documents about layers that are there: whole images, and never the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.oci.digest import digest_of
from harness.oci.images import BuiltImage, DirectorySink, ImageSpec, build
from harness.oci.media_types import OCI_MANIFEST
from harness.oci.variants import (
    Variant,
    another_version,
    no_manifest,
    of_another_platform,
    without_platform,
)

AMD64, ARM64 = ("linux", "amd64"), ("linux", "arm64")


def built(folder: Path, *platforms: tuple[str, str], media: Any = "oci") -> BuiltImage:
    spec = ImageSpec(
        name="app", size_bytes=40_000, layers=2, platforms=platforms or (AMD64,), media=media
    )
    return build(spec, DirectorySink(folder))


def read(variant: Variant) -> dict[str, dict[str, Any]]:
    """Its documents by digest, each held to its descriptor."""
    for described, document in variant.documents:
        assert digest_of(document) == described.digest
        assert len(document) == described.size_bytes
    return {described.digest: json.loads(document) for described, document in variant.documents}


@pytest.mark.parametrize("media", ["oci", "docker"])
def test_another_version_has_the_same_layers(tmp_path: Path, media: str) -> None:
    """Under a config and a manifest of its own."""
    image = built(tmp_path, media=media)
    variant = another_version(image)
    documents = read(variant)
    manifest = documents[variant.top.digest]
    layers = [layer["digest"] for layer in manifest["layers"]]
    assert layers == [layer.digest for layer in image.platforms[0].layers]
    assert manifest["config"]["digest"] in documents
    assert manifest["config"]["digest"] != image.platforms[0].config.digest
    assert variant.top.media_type == image.media_type


def test_another_version_for_two_platforms_is_an_index(tmp_path: Path) -> None:
    """With all that it names."""
    variant = another_version(built(tmp_path, AMD64, ARM64))
    documents = read(variant)
    index = documents[variant.top.digest]
    assert [it["platform"]["architecture"] for it in index["manifests"]] == ["amd64", "arm64"]
    assert all(it["digest"] in documents for it in index["manifests"])


@pytest.mark.parametrize("platforms", [(AMD64,), (AMD64, ARM64)])
@pytest.mark.parametrize("missing", [AMD64, ARM64])
def test_an_index_without_the_platform(
    tmp_path: Path, platforms: tuple[tuple[str, str], ...], missing: tuple[str, str]
) -> None:
    """What it names is there, for others."""
    image = built(tmp_path, *platforms)
    variant = without_platform(image, missing)
    index = read(variant)[variant.top.digest]
    found = {(it["platform"]["os"], it["platform"]["architecture"]) for it in index["manifests"]}
    assert found
    assert missing not in found
    stored = {manifest.digest for manifest in image.manifests}
    assert all(it["digest"] in stored for it in index["manifests"])


def test_the_manifest_of_another_platform(tmp_path: Path) -> None:
    """Its own where there is one, else the same layers said to be for another."""
    both = built(tmp_path, AMD64, ARM64)
    assert of_another_platform(both, AMD64) == Variant(top=both.platforms[1].manifest)
    variant = of_another_platform(built(tmp_path), AMD64)
    documents = read(variant)
    config = documents[documents[variant.top.digest]["config"]["digest"]]
    assert (config["os"], config["architecture"]) == ARM64


@pytest.mark.parametrize("document", [b"<html>", b'{"status":"ok"}', b""])
def test_what_is_no_manifest_has_the_digest_of_one(tmp_path: Path, document: bytes) -> None:
    """Only who reads it notices."""
    ((described, stored),) = no_manifest(built(tmp_path), document).documents
    assert stored == document
    assert described.digest == digest_of(document)
    assert described.size_bytes == len(document)
    assert described.media_type == OCI_MANIFEST
