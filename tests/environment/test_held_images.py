"""Which images are in scope, and what their tags may wrongly name."""

from pathlib import Path

import pytest

from harness.chance import Chance
from harness.environment.held_images import HeldImages, documents_of
from harness.oci.digest import digest_of
from harness.oci.images import BuiltImage, DirectorySink, ImageSpec, build
from harness.seams import OtherImage, Where

CHANCE = Chance(7, "moved_tag-1")
AMD64 = ("linux", "amd64")
ALL = Where()


@pytest.fixture
def images(tmp_path: Path) -> list[BuiltImage]:
    """Three versions, the third pushed before the second."""
    sink = DirectorySink(tmp_path)
    specs = [ImageSpec(name="app", version=it, size_bytes=40_000, layers=4) for it in (1, 3, 2)]
    return [build(spec, sink) for spec in specs]


@pytest.fixture
def held(images: list[BuiltImage]) -> HeldImages:
    held = HeldImages()
    for image in images:
        held.add("team/app", image.spec.tag, image)
    held.add("team/copy", "v1", images[0])
    return held


def test_scope_chooses_content(held: HeldImages, images: list[BuiltImage]) -> None:
    """Content of two repositories is one; nothing in scope is an error."""
    first = [layer.digest for layer in images[0].platforms[0].layers]
    assert held.digests(Where(repository="*/copy"), "layers") == tuple(first)
    assert held.digests(Where(repository="*/copy", layers=(2,)), "layers") == (first[2],)
    assert held.digests(ALL, "manifests") == tuple(image.digest for image in images)
    with pytest.raises(LookupError, match="repository other"):
        held.digests(Where(repository="other"), "layers")
    with pytest.raises(LookupError, match="layers 9"):
        held.digests(Where(layers=(9,)), "layers")


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (OtherImage.OLDER, {"v1": None, "v2": "v1", "v3": "v2"}),
        (OtherImage.NEWER, {"v1": "v2", "v2": "v3", "v3": None}),
        (OtherImage.ANOTHER, {"v1": None, "v2": None, "v3": None}),
    ],
)
def test_a_tag_names_a_neighbour_or_what_was_never_pushed(
    held: HeldImages,
    images: list[BuiltImage],
    other: OtherImage,
    expected: dict[str, str | None],
) -> None:
    """By version, not by the order of the pushes; documents are only what is not there."""
    tags = {image.digest: image.spec.tag for image in images}
    swaps = held.swaps(Where(repository="team/app"), CHANCE, 1.0, other, AMD64)
    found = {swap.held.tag: tags.get(swap.variant.top.digest) for swap in swaps}
    assert found == expected
    for swap in swaps:
        assert bool(swap.variant.documents) == (expected[swap.held.tag] is None)
        assert swap.variant.top.digest != swap.held.image.digest


def test_a_share_of_the_tags_is_the_same_for_the_same_seed(held: HeldImages) -> None:
    """At least one."""
    half = held.swaps(ALL, CHANCE, 0.5, OtherImage.ANOTHER, AMD64)
    assert len(half) == 2
    assert half == held.swaps(ALL, CHANCE, 0.5, OtherImage.ANOTHER, AMD64)
    assert len(held.swaps(ALL, CHANCE, 0.001, OtherImage.ANOTHER, AMD64)) == 1


def test_documents_are_reported_with_their_repository(held: HeldImages) -> None:
    """Config and manifest of each, under the digest of their text."""
    swaps = held.swaps(Where(repository="team/copy"), CHANCE, 1.0, OtherImage.ANOTHER, AMD64)
    documents = documents_of(swaps)
    assert [it.repository for it in documents] == ["team/copy"] * 2
    assert all(digest_of(it.text.encode()) == it.digest for it in documents)
    assert documents[-1].digest == swaps[0].variant.top.digest


def test_old_versions_and_what_only_they_have(held: HeldImages, images: list[BuiltImage]) -> None:
    """What another image or another repository needs is not lost."""
    app = Where(repository="team/app")
    assert [it.tag for it in held.old(app, 1)] == ["v1", "v2"]
    assert [it.tag for it in held.old(app, 2)] == ["v1"]
    with pytest.raises(LookupError, match="keep: must be less than the versions"):
        held.old(app, 3)
    old = held.old(app, 2)
    assert set(held.only_in("team/app", old)) == set(images[0].blob_digests)
    assert held.has(images[0].digest, old)  # team/copy
    both = (*old, *held.within(Where(repository="team/copy")))
    assert not held.has(images[0].digest, both)
    assert held.has(images[2].blob_digests[0], both)
