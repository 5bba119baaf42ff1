"""The images that a registry holds for a run, and what their tags may wrongly name; no I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from harness.chance import Chance
from harness.environment.scope import ScopeError
from harness.oci.documents import Platform
from harness.oci.images import BuiltImage
from harness.oci.variants import (
    Variant,
    another_version,
    no_manifest,
    of_another_platform,
    without_platform,
)
from harness.seams import Content, Document, OtherImage, Where

# What proxies, health checks and broken uploads leave under a tag.
_NO_MANIFESTS = {
    OtherImage.HTML: b"<html><head><title>Sign in</title></head><body></body></html>\n",
    OtherImage.OTHER_JSON: b'{"status":"ok","message":"not an image"}\n',
    OtherImage.EMPTY: b"",
}


@dataclass(frozen=True, kw_only=True)
class HeldImage:
    """An image under the name and tag that it was pushed as."""

    repository: str
    tag: str
    image: BuiltImage


@dataclass(frozen=True, kw_only=True)
class Swap:
    """A tag that names `variant` instead of `held`."""

    held: HeldImage
    variant: Variant


class HeldImages:
    """All images of a run, in the order in which they were pushed."""

    def __init__(self) -> None:
        self._images: list[HeldImage] = []

    def add(self, repository: str, tag: str, image: BuiltImage) -> None:
        self._images.append(HeldImage(repository=repository, tag=tag, image=image))

    def within(self, where: Where) -> tuple[HeldImage, ...]:
        """Those in the scope of a fault. Raises ScopeError when there is none."""
        pattern = where.repository
        found = tuple(
            held
            for held in self._images
            if pattern is None or fnmatchcase(held.repository, pattern)
        )
        if not found:
            raise ScopeError(f"where: no stored image is in repository {pattern or '*'}")
        return found

    def digests(self, where: Where, of: Content) -> tuple[str, ...]:
        """Their layers at the positions in scope, or all their manifests; each once."""
        if of == "manifests":
            found = [it.digest for held in self.within(where) for it in held.image.manifests]
        else:
            found = [
                layer.digest
                for held in self.within(where)
                for platform in held.image.platforms
                for position, layer in enumerate(platform.layers)
                if not where.layers or position in where.layers
            ]
        if not found:
            layers = ", ".join(map(str, where.layers))
            raise ScopeError(
                f"where: no stored layer is in repository {where.repository or '*'}, "
                f"layers {layers}"
            )
        return tuple(dict.fromkeys(found))

    def swaps(
        self, where: Where, chance: Chance, share: float, other: OtherImage, platform: Platform
    ) -> tuple[Swap, ...]:
        """`share` of the tags in scope, each with what it names instead."""
        by_name = {f"{held.repository}:{held.tag}": held for held in self.within(where)}
        chosen = chance.pick(share, tuple(by_name))
        return tuple(
            Swap(held=by_name[name], variant=self._other(by_name[name], other, platform))
            for name in chosen
        )

    def old(self, where: Where, keep: int) -> tuple[HeldImage, ...]:
        """All but the latest `keep` versions of each repository. ScopeError when none is old."""
        by_repository: dict[str, list[HeldImage]] = {}
        for held in self.within(where):
            by_repository.setdefault(held.repository, []).append(held)
        found = [held for images in by_repository.values() for held in _by_version(images)[:-keep]]
        if not found:
            raise ScopeError(f"keep: must be less than the versions of a repository, got {keep}")
        return tuple(found)

    def only_in(self, repository: str, gone: Iterable[HeldImage]) -> tuple[str, ...]:
        """Blobs of `repository` that no image but those in `gone` has."""
        gone = [held for held in gone if held.repository == repository]
        lost = {digest for held in gone for digest in held.image.blob_digests}
        for held in self._images:
            if held.repository == repository and held not in gone:
                lost -= set(held.image.blob_digests)
        return tuple(sorted(lost))

    def has(self, digest: str, besides: Iterable[HeldImage]) -> bool:
        """Whether an image that is not among `besides` has this content."""
        besides = list(besides)
        return any(
            digest in held.image.blob_digests
            or any(manifest.digest == digest for manifest in held.image.manifests)
            for held in self._images
            if held not in besides
        )

    def _other(self, held: HeldImage, other: OtherImage, platform: Platform) -> Variant:
        match other:
            case OtherImage.NO_PLATFORM:
                return without_platform(held.image, platform)
            case OtherImage.WRONG_PLATFORM:
                return of_another_platform(held.image, platform)
            case OtherImage.HTML | OtherImage.OTHER_JSON | OtherImage.EMPTY:
                return no_manifest(held.image, _NO_MANIFESTS[other])
            case OtherImage.OLDER | OtherImage.NEWER:
                versions = _by_version(
                    it for it in self._images if it.repository == held.repository
                )
                place = versions.index(held) + (1 if other is OtherImage.NEWER else -1)
                if 0 <= place < len(versions):
                    return Variant(top=versions[place].image.top)
        return another_version(held.image)


def documents_of(swaps: Iterable[Swap]) -> tuple[Document, ...]:
    """What the registry has not got of them."""
    return tuple(
        Document(
            repository=swap.held.repository,
            digest=described.digest,
            media_type=described.media_type,
            text=content.decode(),
        )
        for swap in swaps
        for described, content in swap.variant.documents
    )


def _by_version(images: Iterable[HeldImage]) -> list[HeldImage]:
    return sorted(images, key=lambda held: held.image.spec.version)


def image_details(images: Mapping[str, BuiltImage]) -> dict[str, Any]:
    """`digests` by name; `parts`: manifests and configs, which a node may name an image by, too."""
    return {
        "digests": {name: image.digest for name, image in images.items()},
        "parts": {
            name: [it.digest for one in image.platforms for it in (one.manifest, one.config)]
            for name, image in images.items()
        },
    }
