"""What a tag may wrongly name: other documents about the layers of an image that is there."""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.oci.digest import digest_of
from harness.oci.documents import (
    Descriptor,
    Platform,
    Titles,
    config_document,
    index_document,
    manifest_document,
)
from harness.oci.images import PROGRAM_PATH, BuiltImage, BuiltPlatform
from harness.oci.media_types import MEDIA_TYPES, Role

_OTHERS: tuple[Platform, ...] = (("linux", "arm64"), ("linux", "amd64"))


@dataclass(frozen=True, kw_only=True)
class Variant:
    """`top` is what the tag names. `documents` are what must be stored for it, the top last."""

    top: Descriptor
    documents: tuple[tuple[Descriptor, bytes], ...] = ()


def another_version(image: BuiltImage) -> Variant:
    """A version that was never pushed: each platform's layers under another config."""
    titles = Titles(name=image.spec.name, version=f"{image.spec.tag}-other")
    documents: list[tuple[Descriptor, bytes]] = []
    below: list[tuple[Platform, Descriptor]] = []
    for platform in image.platforms:
        parts = _manifest(image, platform, titles, platform.platform)
        documents += parts
        below.append((platform.platform, parts[-1][0]))
    if len(below) > 1:
        documents.append(_index(image, titles, below))
    return Variant(top=documents[-1][0], documents=tuple(documents))


def without_platform(image: BuiltImage, platform: Platform) -> Variant:
    """An index that has not got `platform`."""
    titles = Titles(name=image.spec.name, version=image.spec.tag)
    below = [(it.platform, it.manifest) for it in image.platforms if it.platform != platform]
    if not below:  # the image is for this platform only: say that it is for another
        below = [(_other_than(platform), image.platforms[0].manifest)]
    index = _index(image, titles, below)
    return Variant(top=index[0], documents=(index,))


def of_another_platform(image: BuiltImage, platform: Platform) -> Variant:
    """The manifest of another platform than `platform`, with no index above it."""
    for built in image.platforms:
        if built.platform != platform:
            return Variant(top=built.manifest)
    titles = Titles(name=image.spec.name, version=image.spec.tag)
    parts = _manifest(image, image.platforms[0], titles, _other_than(platform))
    return Variant(top=parts[-1][0], documents=tuple(parts))


def no_manifest(image: BuiltImage, document: bytes) -> Variant:
    """`document`, which is no manifest, under the media type and the right digest of one."""
    described = _described(image, Role.MANIFEST, document)
    return Variant(top=described, documents=((described, document),))


def _other_than(platform: Platform) -> Platform:
    return next(other for other in _OTHERS if other != platform)


def _manifest(
    image: BuiltImage, built: BuiltPlatform, titles: Titles, platform: Platform
) -> list[tuple[Descriptor, bytes]]:
    """Config and manifest of `platform` over the layers of `built`."""
    config = config_document(
        titles, platform, entrypoint=f"/{PROGRAM_PATH}", diff_ids=built.diff_ids
    )
    described = _described(image, Role.CONFIG, config)
    manifest = manifest_document(titles, image.spec.media, config=described, layers=built.layers)
    return [(described, config), (_described(image, Role.MANIFEST, manifest), manifest)]


def _index(
    image: BuiltImage, titles: Titles, below: Iterable[tuple[Platform, Descriptor]]
) -> tuple[Descriptor, bytes]:
    index = index_document(titles, image.spec.media, tuple(below))
    return _described(image, Role.INDEX, index), index


def _described(image: BuiltImage, role: Role, document: bytes) -> Descriptor:
    return Descriptor(
        media_type=MEDIA_TYPES[image.spec.media][role],
        digest=digest_of(document),
        size_bytes=len(document),
    )
