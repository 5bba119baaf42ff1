"""What a pull reads from a manifest."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.node.commands import AttemptFailed
from harness.node.manifest_choice import Descriptor, choose_platform, read_manifest
from harness.oci.media_types import CONFIGS, INDEXES, LAYERS, MANIFESTS

ENTRY = {"digest": "sha256:a", "mediaType": "x", "size": 3}


@pytest.mark.parametrize(
    ("media_types", "prefix"),
    [(MANIFESTS, "manifest"), (INDEXES, "index"), (CONFIGS, "config"), (LAYERS, "layer")],
)
def test_transfers_are_named_after_what_they_bring(media_types: set[str], prefix: str) -> None:
    """As errors print them."""
    for media_type in media_types:
        descriptor = Descriptor(digest="sha256:a", media_type=media_type, size_bytes=1)
        if "foreign" not in media_type:
            assert descriptor.ref == f"{prefix}-sha256:a"
    unknown = Descriptor(digest="sha256:a", media_type="text/html", size_bytes=1)
    assert unknown.ref == "unknown-sha256:a"


def test_a_layer_that_comes_twice_is_fetched_once() -> None:
    """The order is that of the first."""
    other = {**ENTRY, "digest": "sha256:b"}
    document = json.dumps({"config": ENTRY, "layers": [other, ENTRY, other]}).encode()
    manifest = read_manifest("sha256:m", document)
    assert [layer.digest for layer in manifest.layers] == ["sha256:b", "sha256:a"]


def test_the_first_entry_that_fits_is_chosen() -> None:
    """linux/amd64, or one that names no platform."""
    arm = {**ENTRY, "platform": {"os": "linux", "architecture": "arm64"}}
    ours = {**ENTRY, "digest": "sha256:b", "platform": {"os": "linux", "architecture": "amd64"}}
    chosen = choose_platform("sha256:i", json.dumps({"manifests": [arm, ours]}).encode())
    assert chosen.digest == "sha256:b"
    chosen = choose_platform("sha256:i", json.dumps({"manifests": [arm, ENTRY]}).encode())
    assert chosen.digest == "sha256:a"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@given(st.binary() | st.builds(lambda data: json.dumps(data).encode(), _JSON))
def test_anything_else_fails_the_attempt(document: bytes) -> None:
    """Whatever a registry serves under a manifest's name."""
    for read in (read_manifest, choose_platform):
        with pytest.raises(AttemptFailed):
            read("sha256:m", document)


@given(
    st.sampled_from(["config", "layers", "manifests"]),
    st.none() | st.integers() | st.text() | st.lists(_JSON, min_size=1) | st.just([{}]),
)
def test_fields_of_the_wrong_kind_fail_the_attempt(field: str, value: Any) -> None:
    """No KeyError, no TypeError."""
    document = json.dumps({"config": ENTRY, "layers": [], "manifests": [], field: value}).encode()
    for read in (read_manifest, choose_platform):
        try:
            read("sha256:m", document)
        except AttemptFailed as failure:
            assert failure.text  # noqa: PT017  reading it may also work
