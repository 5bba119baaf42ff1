"""Synthetic images of given sizes: the same specification gives the same digests everywhere."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import get_args

from harness.oci.digest import digest_of
from harness.oci.documents import (
    Descriptor,
    Platform,
    Titles,
    config_document,
    index_document,
    manifest_document,
)
from harness.oci.executable import ARCHITECTURES, executable
from harness.oci.layer import LayerPlan, WrittenLayer, smallest_layer_bytes, write_layer
from harness.oci.media_types import MEDIA_TYPES, Format, Role
from harness.oci.reference import REPOSITORY_PATTERN, is_repository
from harness.oci.sink import DirectorySink, Sink

__all__ = [
    "BuiltImage",
    "BuiltPlatform",
    "Descriptor",
    "DirectorySink",
    "ImageSpec",
    "ImageSpecError",
    "PlannedImage",
    "Sink",
    "build",
    "plan_image",
]

PROGRAM_PATH = "wait"  # in the first layer; the entrypoint
LAYERS_MAX = 125  # moby: layer/layer_store.go, maxLayerDepth; real nodes must run these images
_SCHEME = 1  # part of every seed: raise it when the data of a specification changes


class ImageSpecError(ValueError):
    """An image that cannot be made; the message names it, the value and the rule."""


@dataclass(frozen=True, kw_only=True)
class ImageSpec:
    """A synthetic image. `size_bytes` is the exact sum of one platform's compressed layers.

    Layers are of equal size; the first takes the remainder. More than one platform makes an
    index, and each platform has layers of its own. Raises ImageSpecError.
    """

    name: str
    version: int = 1
    size_bytes: int
    layers: int = 1
    media: Format = "oci"
    platforms: tuple[Platform, ...] = (("linux", "amd64"),)
    seed: int = 0

    def __post_init__(self) -> None:
        if not is_repository(self.name):
            raise ImageSpecError(f"image {self.name!r}: name must match {REPOSITORY_PATTERN}")
        if self.version < 0:
            raise self._error(f"version must be 0 or more, got {self.version}")
        if not 1 <= self.layers <= LAYERS_MAX:
            raise self._error(f"layers must be 1 to {LAYERS_MAX}, got {self.layers}")
        if self.media not in get_args(Format):
            raise self._error(f"media must be oci or docker, got {self.media!r}")
        if not self.platforms or len(set(self.platforms)) < len(self.platforms):
            raise self._error("platforms must be named, and each once")
        for os, architecture in self.platforms:
            if os != "linux" or architecture not in ARCHITECTURES:
                known = " or ".join(f"linux/{name}" for name in ARCHITECTURES)
                raise self._error(f"platform must be {known}, got {os}/{architecture}")
        if min(self.layer_sizes) < _SMALLEST_BYTES:
            raise self._error(
                f"{self.layers} layers need at least {self.layers * _SMALLEST_BYTES:,} bytes, "
                f"got {self.size_bytes:,}"
            )

    @property
    def tag(self) -> str:
        return f"v{self.version}"

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Bytes of each compressed layer."""
        share, rest = divmod(self.size_bytes, self.layers)
        return (share + rest, *[share] * (self.layers - 1))

    def _error(self, rule: str) -> ImageSpecError:
        return ImageSpecError(f"image {self.name!r}: {rule}")


@dataclass(frozen=True, kw_only=True)
class PlannedImage:
    """What a specification will cost, known exactly without making any of it.

    `total_bytes` and `total_requests` are of one cold pull of one platform: HEAD of the tag, index
    (if there is one), manifest, config, layers; without tokens.
    """

    layer_sizes: tuple[int, ...]
    total_bytes: int
    total_requests: int
    stored_bytes: int


@dataclass(frozen=True, kw_only=True)
class BuiltPlatform:
    """The image of one platform; `diff_ids` name the layers' archives."""

    platform: Platform
    manifest: Descriptor
    config: Descriptor
    layers: tuple[Descriptor, ...]
    diff_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class BuiltImage:
    """What was built. `top` is what the tag points to: the index, or the only manifest."""

    spec: ImageSpec
    top: Descriptor
    platforms: tuple[BuiltPlatform, ...]

    @property
    def reference(self) -> str:
        """Name and tag, without a host."""
        return f"{self.spec.name}:{self.spec.tag}"

    @property
    def digest(self) -> str:
        return self.top.digest

    @property
    def media_type(self) -> str:
        return self.top.media_type

    @property
    def manifests(self) -> tuple[Descriptor, ...]:
        """All that is asked for under `/manifests/`, the top one first."""
        below = tuple(platform.manifest for platform in self.platforms)
        return below if self.top in below else (self.top, *below)

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """All that is asked for under `/blobs/`: each platform's config and layers."""
        return tuple(
            chain.from_iterable((platform.config, *platform.layers) for platform in self.platforms)
        )

    @property
    def blob_digests(self) -> tuple[str, ...]:
        return tuple(blob.digest for blob in self.blobs)

    @property
    def stored_bytes(self) -> int:
        return sum(content.size_bytes for content in (*self.manifests, *self.blobs))

    @property
    def pulled(self) -> tuple[Descriptor, ...]:
        """All that one cold pull of the first platform downloads, in its order."""
        first = self.platforms[0]
        tops = () if self.top == first.manifest else (self.top,)
        return (*tops, first.manifest, first.config, *first.layers)

    @property
    def total_bytes(self) -> int:
        """Bytes of content in one cold pull."""
        return sum(content.size_bytes for content in self.pulled)

    @property
    def total_requests(self) -> int:
        """Requests of one cold pull, without those for tokens: HEAD of the tag, then GETs."""
        return 1 + len(self.pulled)


def build(spec: ImageSpec, sink: Sink) -> BuiltImage:
    """Write the image's layers, configs, manifests and index to `sink`, a chunk at a time.

    Raises what the sink raises; blobs that were committed by then stay.
    """

    def write(plan: LayerPlan) -> WrittenLayer:
        with sink.open_blob() as blob:
            return write_layer(plan, blob)

    def store(document: bytes) -> str:
        digest = digest_of(document)
        with sink.open_blob() as blob:
            blob.write(document)
            blob.commit(digest)
        return digest

    return _assembled(spec, write, store)


def plan_image(spec: ImageSpec) -> PlannedImage:
    """What `build` would make, in bytes and requests."""
    image = outlined(spec)
    return PlannedImage(
        layer_sizes=spec.layer_sizes,
        total_bytes=image.total_bytes,
        total_requests=image.total_requests,
        stored_bytes=image.stored_bytes,
    )


def outlined(spec: ImageSpec, store: Callable[[str, bytes], None] | None = None) -> BuiltImage:
    """The image with stand-ins for its layers: of the right size, under digests of their own.

    `store` is handed its documents (configs, manifests, index) with their digests.
    """

    def stored(document: bytes) -> str:
        digest = digest_of(document)
        if store is not None:
            store(digest, document)
        return digest

    return _assembled(spec, _unwritten, stored)


_PROGRAMS: dict[str, tuple[str, bytes]] = {
    name: (PROGRAM_PATH, executable(name)) for name in ARCHITECTURES
}
_SMALLEST_BYTES = max(smallest_layer_bytes(program) for program in _PROGRAMS.values())


def _unwritten(plan: LayerPlan) -> WrittenLayer:
    """Stands for a layer that is not made: the digests are wrong, the sizes right."""
    stand_in = digest_of(plan.key.encode())
    return WrittenLayer(digest=stand_in, diff_id=stand_in, layer_bytes=plan.layer_bytes)


def _assembled(
    spec: ImageSpec,
    write: Callable[[LayerPlan], WrittenLayer],
    store: Callable[[bytes], str],
) -> BuiltImage:
    titles = Titles(name=spec.name, version=spec.tag)
    platforms = tuple(
        _assembled_platform(spec, titles, platform, write, store) for platform in spec.platforms
    )
    if len(platforms) == 1:
        return BuiltImage(spec=spec, top=platforms[0].manifest, platforms=platforms)
    below = [(platform.platform, platform.manifest) for platform in platforms]
    index = index_document(titles, spec.media, below)
    top = _descriptor(spec, Role.INDEX, store(index), len(index))
    return BuiltImage(spec=spec, top=top, platforms=platforms)


def _assembled_platform(
    spec: ImageSpec,
    titles: Titles,
    platform: Platform,
    write: Callable[[LayerPlan], WrittenLayer],
    store: Callable[[bytes], str],
) -> BuiltPlatform:
    written = tuple(write(plan) for plan in _layer_plans(spec, platform))
    diff_ids = tuple(layer.diff_id for layer in written)
    document = config_document(titles, platform, entrypoint=f"/{PROGRAM_PATH}", diff_ids=diff_ids)
    config = _descriptor(spec, Role.CONFIG, store(document), len(document))
    layers = tuple(
        _descriptor(spec, Role.LAYER, layer.digest, layer.layer_bytes) for layer in written
    )
    document = manifest_document(titles, spec.media, config=config, layers=layers)
    return BuiltPlatform(
        platform=platform,
        manifest=_descriptor(spec, Role.MANIFEST, store(document), len(document)),
        config=config,
        layers=layers,
        diff_ids=diff_ids,
    )


def _layer_plans(spec: ImageSpec, platform: Platform) -> list[LayerPlan]:
    os, architecture = platform
    image = f"{_SCHEME}\0{spec.seed}\0{spec.name}\0{spec.version}\0{os}/{architecture}"
    return [
        LayerPlan(
            key=f"{image}\0{number}",
            number=number,
            layer_bytes=layer_bytes,
            program=None if number else _PROGRAMS[architecture],
        )
        for number, layer_bytes in enumerate(spec.layer_sizes)
    ]


def _descriptor(spec: ImageSpec, role: Role, digest: str, size_bytes: int) -> Descriptor:
    return Descriptor(
        media_type=MEDIA_TYPES[spec.media][role], digest=digest, size_bytes=size_bytes
    )
