"""What a pushed manifest says."""

import json
from typing import Any

import pytest

from harness.oci.media_types import OCI_INDEX, OCI_MANIFEST
from harness.registry.pushed_manifests import read_manifest
from harness.registry.refusal import RefusalError

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")


def document(**fields: Any) -> bytes:
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST} | fields).encode()


def test_manifest_names_its_parts() -> None:
    """Config and layers are needed; layers that stay elsewhere are not."""
    manifest = read_manifest(
        document(
            config={"digest": A, "mediaType": "application/x-config"},
            layers=[
                {"digest": B},
                {
                    "digest": C,
                    "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar",
                },
            ],
            subject={"digest": C},
            annotations={"k": "v"},
        ),
        OCI_MANIFEST,
    )
    assert manifest.blobs == (A, B)
    assert manifest.subject == C
    assert manifest.descriptor(A, 7) == {
        "mediaType": OCI_MANIFEST,
        "digest": A,
        "size": 7,
        "artifactType": "application/x-config",
        "annotations": {"k": "v"},
    }


def test_index_names_its_manifests() -> None:
    """An index is made of manifests, and its media type may come from the header alone."""
    content = json.dumps({"schemaVersion": 2, "manifests": [{"digest": A}, {"digest": B}]})
    manifest = read_manifest(content.encode(), f"{OCI_INDEX}; charset=utf-8")
    assert manifest.media_type == OCI_INDEX
    assert (manifest.blobs, manifest.manifests) == ((), (A, B))


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"<html>", OCI_MANIFEST),
        (b"\xff\xfe", OCI_MANIFEST),
        (b"[" * 100_000, OCI_MANIFEST),
        (b"[]", OCI_MANIFEST),
        (b"{}", ""),
        (document(), OCI_INDEX),
        (document(mediaType=7), OCI_MANIFEST),
        (document(mediaType="a\r\nb"), ""),
        (document(config=[]), OCI_MANIFEST),
        (document(config={}), OCI_MANIFEST),
        (document(layers={"digest": A}), OCI_MANIFEST),
        (document(layers=["x"]), OCI_MANIFEST),
        (document(layers=[{"digest": "sha256:short"}]), OCI_MANIFEST),
        (document(subject={"digest": ["x"]}), OCI_MANIFEST),
    ],
)
def test_broken_manifest_is_refused(content: bytes, content_type: str) -> None:
    """Each malformed manifest is 400 MANIFEST_INVALID."""
    with pytest.raises(RefusalError) as refused:
        read_manifest(content, content_type)
    assert refused.value.status == 400
    assert json.loads(refused.value.body)["errors"][0]["code"] == "MANIFEST_INVALID"
