"""Paths of the registry's API."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.oci.paths import Route, route


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v2/", Route("ping")),
        ("/v2", Route("ping")),
        ("/token", Route("token")),
        ("/v2/_catalog", Route("catalog")),
        ("/v2/app/manifests/v1", Route("manifest", "app", "v1")),
        ("/v2/a/manifests/b/manifests/v1", Route("manifest", "a/manifests/b", "v1")),
        ("/v2/a/b/blobs/sha256:00", Route("blob", "a/b", "sha256:00")),
        ("/v2/a/blobs/uploads/", Route("upload", "a", "")),
        ("/v2/a/blobs/uploads", Route("upload", "a", "")),
        ("/v2/a/blobs/uploads/s1", Route("upload", "a", "s1")),
        ("/v2/a/tags/list", Route("tags", "a")),
        ("/v2/a/referrers/sha256:00", Route("referrers", "a", "sha256:00")),
        ("/v2/a/blobs/x/y", Route("other")),
        ("/v3/a/manifests/v1", Route("other")),
        ("", Route("other")),
    ],
)
def test_route(path: str, expected: Route) -> None:
    """Each endpoint of the specification, read from the right."""
    assert route(path) == expected


@given(st.text(max_size=60))
def test_any_path_has_a_route(path: str) -> None:
    """Nothing in a path breaks the reading."""
    assert route(f"/v2/{path}").endpoint
