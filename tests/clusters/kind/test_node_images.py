"""The images that a node's containerd holds."""

import pytest

from harness.clusters.kind.node_images import names_of, read_images, tags_in

LISTING = b"""\
REF                                  TYPE     DIGEST      SIZE     PLATFORMS   LABELS
docker.io/library/app:v1             oci      sha256:aaa  1.0 KiB  linux/amd64 -
registry.harness.test/app:v1         oci      sha256:bbb  1.0 MiB  linux/amd64 -
registry.harness.test/app@sha256:bbb oci      sha256:bbb  1.0 MiB  linux/amd64 -
registry.harness.test/team/web:v1    oci      sha256:ccc  1.0 MiB  linux/amd64 -
sha256:0123                          oci      sha256:bbb  1.0 MiB  linux/amd64 -
sha256:4567                          oci      sha256:aaa  1.0 KiB  linux/amd64 -
"""
APP, WEB = "registry.harness.test/app:v1", "registry.harness.test/team/web:v1"


@pytest.mark.parametrize(
    ("repository", "tags"),
    [("*", (APP, WEB)), ("app", (APP,)), ("team/*", (WEB,)), ("other", ())],
)
def test_tags_are_the_registrys_own_in_scope(repository: str, tags: tuple[str, ...]) -> None:
    """Images of others are left alone."""
    assert tags_in(read_images(LISTING), "registry.harness.test", repository) == tags


def test_an_image_goes_with_all_its_names() -> None:
    """By digest and by configuration too: any of them would keep its content."""
    assert names_of(read_images(LISTING), (APP,)) == (
        APP,
        "registry.harness.test/app@sha256:bbb",
        "sha256:0123",
    )
    assert names_of(read_images(LISTING), ()) == ()


def test_a_listing_of_nothing_has_no_images() -> None:
    """Only its head, or not even that."""
    assert read_images(LISTING.splitlines()[0]) == {}
    assert read_images(b"") == {}
