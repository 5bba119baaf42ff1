"""Layers: exact sizes, archives that tar reads, and files no larger than ustar allows."""

import gzip
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.oci import layer
from harness.oci.digest import digest_of
from harness.oci.layer import LayerPlan, WrittenLayer, smallest_layer_bytes, write_layer

PROGRAM = ("bin", b"program")


class Blob:
    """Takes one layer."""

    def __init__(self) -> None:
        self.content = b""
        self.digest = ""

    def write(self, chunk: bytes, /) -> None:
        self.content += chunk

    def commit(self, digest: str) -> None:
        self.digest = digest


def _written(plan: LayerPlan) -> tuple[WrittenLayer, bytes]:
    blob = Blob()
    written = write_layer(plan, blob)
    assert blob.digest == written.digest == digest_of(blob.content)
    assert len(blob.content) == written.layer_bytes == plan.layer_bytes
    return written, blob.content


@given(extra_bytes=st.integers(0, 3_000) | st.integers(1_040_000, 1_060_000), first=st.booleans())
def test_a_layer_has_exactly_its_size(extra_bytes: int, *, first: bool) -> None:
    """Down to the byte, with room lost to no more than one record of data."""
    program = PROGRAM if first else None
    plan = LayerPlan(
        key="a",
        number=4,
        layer_bytes=smallest_layer_bytes(program) + extra_bytes,
        program=program,
    )

    written, content = _written(plan)

    archive_bytes = gzip.decompress(content)
    assert written.diff_id == digest_of(archive_bytes)
    with tarfile.open(fileobj=io.BytesIO(archive_bytes)) as archive:
        sizes = {member.name: member.size for member in archive.getmembers()}
    assert ("bin" in sizes) == first
    assert 0 <= extra_bytes - (sizes["layer-4-0.bin"] - 512) < 512 + 5 * 17


def test_more_data_than_a_file_may_hold_becomes_several_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """ustar writes a size in eleven octal digits; a large layer is not bound by that."""
    monkeypatch.setattr(layer, "_FILE_BYTES", 4_096)
    _, content = _written(LayerPlan(key="a", number=0, layer_bytes=50_000))

    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(content))) as archive:
        members = archive.getmembers()
        data = [archive.extractfile(member) for member in members]
        contents = {file.read() for file in data if file is not None}
    assert [member.name for member in members] == [f"layer-0-{n}.bin" for n in range(len(members))]
    assert {member.size for member in members[:-1]} == {4_096}
    assert len(contents) == len(members) == 11


def test_the_key_decides_the_data() -> None:
    """The same key, the same layer; another key, another one."""
    layers = [_written(LayerPlan(key=key, number=0, layer_bytes=9_999)) for key in "aab"]

    assert layers[0] == layers[1]
    assert layers[0][0].diff_id != layers[2][0].diff_id
