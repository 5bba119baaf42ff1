"""Synthetic images: valid, of the asked size, the same everywhere, and built in little memory."""

import gzip
import io
import json
import tarfile
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.oci.digest import digest_of
from harness.oci.executable import executable
from harness.oci.images import ImageSpec, ImageSpecError, build, plan_image
from harness.oci.media_types import MEDIA_TYPES, Format, Role
from harness.oci.sink import CHUNK_BYTES, DirectorySink, blob_path

AMD64, ARM64 = ("linux", "amd64"), ("linux", "arm64")


class MemorySink:
    """Content in a dict; refuses chunks that are too large."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self._chunks: list[bytes] = []

    @contextmanager
    def open_blob(self) -> Iterator["MemorySink"]:
        self._chunks = []
        yield self

    def write(self, chunk: bytes, /) -> None:
        assert len(chunk) <= CHUNK_BYTES
        self._chunks.append(chunk)

    def commit(self, digest: str) -> None:
        self.content[digest] = b"".join(self._chunks)


class NullSink:
    """Forgets everything but the total."""

    def __init__(self) -> None:
        self.total_bytes = 0

    @contextmanager
    def open_blob(self) -> Iterator["NullSink"]:
        yield self

    def write(self, chunk: bytes, /) -> None:
        self.total_bytes += len(chunk)

    def commit(self, digest: str) -> None:
        pass


@pytest.mark.parametrize("media", ["oci", "docker"])
@pytest.mark.parametrize("platforms", [(AMD64,), (ARM64, AMD64)])
def test_an_image_is_whole_and_valid(media: Format, platforms: tuple[tuple[str, str], ...]) -> None:
    """Every descriptor from the top down leads to content of its digest, size and media type."""
    spec = ImageSpec(
        name="team/app", version=3, size_bytes=300_000, layers=3, media=media, platforms=platforms
    )
    sink = MemorySink()
    built = build(spec, sink)
    types = MEDIA_TYPES[media]

    def follow(descriptor: dict[str, Any], role: Role) -> bytes:
        content = sink.content[descriptor["digest"]]
        assert digest_of(content) == descriptor["digest"]
        assert len(content) == descriptor["size"]
        assert descriptor["mediaType"] == types[role]
        return content

    manifests = [built.top.as_json() | {"platform": {"os": "linux", "architecture": "amd64"}}]
    if len(platforms) > 1:
        index = json.loads(follow(built.top.as_json(), Role.INDEX))
        assert index["mediaType"] == types[Role.INDEX]
        manifests = index["manifests"]
    assert [(m["platform"]["os"], m["platform"]["architecture"]) for m in manifests] == [*platforms]
    for described, (_, architecture) in zip(manifests, platforms, strict=True):
        manifest = json.loads(follow(described, Role.MANIFEST))
        assert manifest["mediaType"] == types[Role.MANIFEST]
        config = json.loads(follow(manifest["config"], Role.CONFIG))
        assert config["architecture"] == architecture
        assert len(config["history"]) == 3
        layers = [follow(layer, Role.LAYER) for layer in manifest["layers"]]
        archives = [gzip.decompress(layer) for layer in layers]
        assert [digest_of(archive) for archive in archives] == config["rootfs"]["diff_ids"]
        assert sum(map(len, layers)) == 300_000
    first = json.loads(sink.content[manifests[0]["digest"]])
    pulled = {built.digest, manifests[0]["digest"], first["config"]["digest"]}
    pulled.update(layer["digest"] for layer in first["layers"])
    assert built.total_bytes == sum(len(sink.content[digest]) for digest in pulled)
    assert built.reference == "team/app:v3"
    assert set(sink.content) == {item.digest for item in (*built.manifests, *built.blobs)}


@pytest.mark.parametrize(("platform", "architecture"), [(AMD64, "amd64"), (ARM64, "arm64")])
def test_the_first_layer_holds_the_entrypoint(platform: tuple[str, str], architecture: Any) -> None:
    """The archive is one that tar reads: the program first, then data, owned by root, of time 0."""
    sink = MemorySink()
    built = build(ImageSpec(name="app", size_bytes=100_000, layers=2, platforms=(platform,)), sink)
    (image,) = built.platforms
    config = json.loads(sink.content[image.config.digest])
    first, second = (gzip.decompress(sink.content[layer.digest]) for layer in image.layers)

    with tarfile.open(fileobj=io.BytesIO(first)) as archive:
        program, data = archive.getmembers()
        assert config["config"]["Entrypoint"] == [f"/{program.name}"]
        assert program.mode == 0o755
        content = archive.extractfile(program)
        assert content is not None
        assert content.read() == executable(architecture)
        assert {(m.uid, m.gid, m.mtime, m.isfile()) for m in (program, data)} == {(0, 0, 0, True)}
    with tarfile.open(fileobj=io.BytesIO(second)) as archive:
        assert [member.name for member in archive.getmembers()] == ["layer-1-0.bin"]


GOLDEN = {  # a change here changes every user's images: raise the scheme in images.py with it
    "one": "sha256:9507bf1fe0576870566ee8a66b66c42c6c332f885f7f387fb88289f67747334c",
    "many": "sha256:8c4ed5dc03937fddc94d7f4e409a03b2b4eb479fbe6b292f33ccdadfca31a168",
}


def test_the_digests_are_these_on_every_machine() -> None:
    """Neither Python's nor numpy's nor zlib's version may change an image."""
    one = ImageSpec(name="app", size_bytes=3_000_000, layers=2, seed=7)
    many = ImageSpec(
        name="app", size_bytes=100_000, media="docker", platforms=(AMD64, ARM64), seed=7
    )

    assert build(one, NullSink()).digest == GOLDEN["one"]
    assert build(many, NullSink()).digest == GOLDEN["many"]


def test_seed_name_and_version_change_every_layer() -> None:
    """A new version shares nothing with the old one; neither do layers of one image."""
    specs = [
        ImageSpec(name="app", size_bytes=20_000, layers=3),
        ImageSpec(name="app", size_bytes=20_000, layers=3, seed=1),
        ImageSpec(name="app", size_bytes=20_000, layers=3, version=2),
        ImageSpec(name="web", size_bytes=20_000, layers=3),
        ImageSpec(name="app", size_bytes=20_000, layers=3, platforms=(ARM64,)),
    ]
    layers = [
        layer.digest for spec in specs for layer in build(spec, NullSink()).platforms[0].layers
    ]

    assert len(set(layers)) == len(layers) == 15


def test_layers_do_not_compress() -> None:
    """What a bandwidth fault slows down is what the size says."""
    sink = MemorySink()
    built = build(ImageSpec(name="app", size_bytes=1_000_000), sink)

    (layer,) = built.platforms[0].layers
    assert len(gzip.compress(gzip.decompress(sink.content[layer.digest]))) > 990_000


@settings(deadline=None, max_examples=60)
@given(
    size_bytes=st.integers(4_000, 70_000) | st.integers(1_040_000, 1_060_000),
    layers=st.integers(1, 3),
    media=st.sampled_from(["oci", "docker"]),
    platforms=st.sampled_from([(AMD64,), (ARM64,), (AMD64, ARM64)]),
)
def test_a_plan_foretells_the_image_to_the_byte(
    size_bytes: int, layers: int, media: Format, platforms: tuple[tuple[str, str], ...]
) -> None:
    """Sizes of layers, bytes and requests of a cold pull, and bytes on disk."""
    try:
        spec = ImageSpec(
            name="app", size_bytes=size_bytes, layers=layers, media=media, platforms=platforms
        )
    except ImageSpecError:
        assert size_bytes < 4_000 * layers
        return
    sink = MemorySink()
    built, plan = build(spec, sink), plan_image(spec)

    assert sum(plan.layer_sizes) == size_bytes
    assert [len(sink.content[blob.digest]) for blob in built.platforms[0].layers] == list(
        plan.layer_sizes
    )
    assert plan.total_bytes == built.total_bytes
    assert plan.stored_bytes == built.stored_bytes == sum(map(len, sink.content.values()))
    assert plan.total_requests == built.total_requests == 3 + layers + (len(platforms) > 1)


def test_a_huge_image_is_planned_without_making_it() -> None:
    """A plan of terabytes costs no more than one of kilobytes."""
    plan = plan_image(ImageSpec(name="app", size_bytes=10 << 40, layers=100))

    assert sum(plan.layer_sizes) == 10 << 40


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"name": "App"}, "image 'App': name must match"),
        ({"version": -1}, "version must be 0 or more, got -1"),
        ({"layers": 0}, "layers must be 1 to 125, got 0"),
        ({"layers": 126}, "layers must be 1 to 125, got 126"),
        ({"media": "tar"}, "media must be oci or docker, got 'tar'"),
        ({"platforms": ()}, "platforms must be named, and each once"),
        ({"platforms": (AMD64, AMD64)}, "platforms must be named, and each once"),
        ({"platforms": (("windows", "amd64"),)}, "got windows/amd64"),
        ({"platforms": (("linux", "s390x"),)}, "linux/amd64 or linux/arm64, got linux/s390x"),
        ({"size_bytes": 0}, r"1 layers need at least [\d,]+ bytes, got 0"),
        ({"size_bytes": 9_000, "layers": 10}, r"10 layers need at least [\d,]+ bytes, got 9,000"),
    ],
)
def test_what_cannot_be_made_is_refused(change: dict[str, Any], rule: str) -> None:
    """Each refusal names the image, the value and the rule."""
    with pytest.raises(ImageSpecError, match=rule):
        ImageSpec(**{"name": "app", "size_bytes": 1_000_000, **change})


def test_the_smallest_image_named_by_the_refusal_can_be_made() -> None:
    """The rule is exact: one byte less is refused."""
    with pytest.raises(ImageSpecError) as refused:
        ImageSpec(name="app", size_bytes=0, layers=2)
    smallest = int(str(refused.value).split("at least ")[1].split(" bytes")[0].replace(",", ""))

    built = build(ImageSpec(name="app", size_bytes=smallest, layers=2), NullSink())

    assert sum(layer.size_bytes for layer in built.platforms[0].layers) == smallest
    with pytest.raises(ImageSpecError):
        ImageSpec(name="app", size_bytes=smallest - 1, layers=2)


def test_a_big_image_is_built_in_little_memory() -> None:
    """256 MiB pass through less than 16 MiB."""
    build(ImageSpec(name="warm", size_bytes=20_000), NullSink())  # the imports are not counted
    sink = NullSink()
    tracemalloc.start()
    try:
        built = build(ImageSpec(name="big", size_bytes=256 << 20, layers=2), sink)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert sink.total_bytes == built.stored_bytes > 256 << 20
    assert peak_bytes < 16 << 20


def test_an_image_in_a_folder_is_an_image_layout(tmp_path: Path) -> None:
    """Every part lies under its digest, and nothing else does."""
    built = build(ImageSpec(name="app", size_bytes=50_000, layers=2), DirectorySink(tmp_path))

    parts = {item.digest: item.size_bytes for item in (*built.manifests, *built.blobs)}
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == {
        blob_path(tmp_path, digest) for digest in parts
    }
    for digest, size_bytes in parts.items():
        content = blob_path(tmp_path, digest).read_bytes()
        assert (digest_of(content), len(content)) == (digest, size_bytes)


def test_a_sink_that_fails_is_heard() -> None:
    """A full disk is the caller's to tell."""

    class FullSink(NullSink):
        def write(self, chunk: bytes, /) -> None:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        build(ImageSpec(name="app", size_bytes=50_000), FullSink())
