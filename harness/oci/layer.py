"""Layers: gzipped tar archives of seeded random data, of an exact size, written as a stream."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from harness.oci.digest import new_hash
from harness.oci.sink import BlobWriter
from harness.oci.stored_gzip import BLOCK_BYTES, FRAME_BYTES, StoredGzip, framed_bytes

_RECORD_BYTES = 512  # POSIX.1-2017: pax, "ustar Interchange Format"; the end is two empty records
_END = bytes(2 * _RECORD_BYTES)
_FILE_BYTES = 1 << 30  # ustar has room for 8 GiB in a file's size
_PIECE_BYTES = 16 * BLOCK_BYTES  # framed still no more than a sink's chunk
_HEADER = struct.Struct("100s8s8s8s12s12s8s1s100s6s2s32s32s8s8s155s12x")


@dataclass(frozen=True, kw_only=True)
class LayerPlan:
    """A layer before it is written. `layer_bytes` is its exact size as a blob, compressed.

    `key` seeds the data and `number` names its files; `program` is the path and the content of an
    executable that comes first.
    """

    key: str
    number: int
    layer_bytes: int
    program: tuple[str, bytes] | None = None


@dataclass(frozen=True, kw_only=True)
class WrittenLayer:
    """Digests of the blob and of the archive inside, and the blob's size."""

    digest: str
    diff_id: str
    layer_bytes: int


def smallest_layer_bytes(program: tuple[str, bytes] | None = None) -> int:
    """The size of a layer with one record of data."""
    return _gzipped_bytes(_RECORD_BYTES, program)


def write_layer(plan: LayerPlan, blob: BlobWriter) -> WrittenLayer:
    """Write the layer to `blob`, in chunks, and commit it."""
    data_bytes = _data_bytes(plan)
    gzip, digest, diff_id = StoredGzip(), new_hash(), new_hash()

    def put(chunk: bytes) -> None:
        digest.update(chunk)
        blob.write(chunk)

    put(gzip.start(plan.layer_bytes - _gzipped_bytes(data_bytes, plan.program)))
    for piece in _pieces(plan, data_bytes):
        diff_id.update(piece)
        put(gzip.frame(piece))
    put(gzip.end())
    written = WrittenLayer(
        digest=f"sha256:{digest.hexdigest()}",
        diff_id=f"sha256:{diff_id.hexdigest()}",
        layer_bytes=plan.layer_bytes,
    )
    blob.commit(written.digest)
    return written


def _data_bytes(plan: LayerPlan) -> int:
    """As much data, in whole records, as the layer's size has room for."""
    data_bytes = plan.layer_bytes // _RECORD_BYTES * _RECORD_BYTES
    while (excess := _gzipped_bytes(data_bytes, plan.program) - plan.layer_bytes) > 0:
        data_bytes -= -(-excess // _RECORD_BYTES) * _RECORD_BYTES
    return data_bytes


def _gzipped_bytes(data_bytes: int, program: tuple[str, bytes] | None) -> int:
    """The size of a layer without padding; counts what `_pieces` yields."""
    total = FRAME_BYTES + framed_bytes(len(_END))
    if program is not None:
        total += framed_bytes(_RECORD_BYTES + _in_records(len(program[1])))
    for file_bytes in _file_sizes(data_bytes):
        pieces, rest = divmod(file_bytes, _PIECE_BYTES)
        total += framed_bytes(_RECORD_BYTES)
        total += pieces * framed_bytes(_PIECE_BYTES) + framed_bytes(rest)
    return total


def _pieces(plan: LayerPlan, data_bytes: int) -> Iterator[bytes]:
    if plan.program is not None:
        path, content = plan.program
        padding = bytes(_in_records(len(content)) - len(content))
        yield _header(path, len(content), 0o755) + content + padding
    data = _random_pieces(plan.key)
    for number, file_bytes in enumerate(_file_sizes(data_bytes)):
        yield _header(f"layer-{plan.number}-{number}.bin", file_bytes, 0o644)
        for start in range(0, file_bytes, _PIECE_BYTES):
            yield next(data)[: file_bytes - start]
    yield _END


def _file_sizes(data_bytes: int) -> list[int]:
    files, rest = divmod(data_bytes, _FILE_BYTES)
    return [_FILE_BYTES] * files + [rest] * (rest > 0)


def _in_records(content_bytes: int) -> int:
    return -(-content_bytes // _RECORD_BYTES) * _RECORD_BYTES


def _header(path: str, content_bytes: int, mode: int) -> bytes:
    """The ustar header of a regular file: owner root, time 0."""

    def fields(checksum: bytes) -> bytes:
        return _HEADER.pack(
            path.encode("ascii"),
            b"%07o" % mode,
            b"%07o" % 0,
            b"%07o" % 0,
            b"%011o" % content_bytes,
            b"%011o" % 0,
            checksum,
            b"0",
            b"",
            b"ustar",
            b"00",
            b"",
            b"",
            b"%07o" % 0,
            b"%07o" % 0,
            b"",
        )

    return fields(b"%06o\0 " % sum(fields(b" " * 8)))


def _random_pieces(key: str) -> Iterator[bytes]:
    """Data that does not compress and that `key` decides, on any machine.

    PCG64's raw output is among what numpy promises not to change (NEP 19), and several times as
    fast as anything of the standard library.
    """
    from numpy.random import PCG64  # noqa: PLC0415  slow to import, and only builds need it

    seed = int.from_bytes(blake2b(key.encode(), digest_size=16).digest(), "big")
    words = PCG64(seed)
    while True:
        yield words.random_raw(_PIECE_BYTES // 8).astype("<u8", copy=False).tobytes()
