"""Gzip without compression: any reader reads it, and its size is known beforehand."""

import gzip
import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from harness.oci.stored_gzip import BLOCK_BYTES, FRAME_BYTES, StoredGzip, framed_bytes

sizes = st.sampled_from([0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 2 * BLOCK_BYTES])
pieces = st.lists(sizes.map(bytes) | st.binary(max_size=50), max_size=4)


def _member(pieces: list[bytes], padding_bytes: int) -> bytes:
    member = StoredGzip()
    parts = [member.start(padding_bytes), *map(member.frame, pieces), member.end()]
    return b"".join(parts)


@given(pieces=pieces, padding_bytes=st.integers(0, 1_100))
def test_a_member_reads_back_and_has_the_size_predicted(
    pieces: list[bytes], padding_bytes: int
) -> None:
    """Header, blocks, padding and trailer are as RFC 1952 wants them, to the byte."""
    member = _member(pieces, padding_bytes)

    assert gzip.decompress(member) == b"".join(pieces)
    foretold = FRAME_BYTES + sum(framed_bytes(len(piece)) for piece in pieces) + padding_bytes
    assert len(member) == foretold


def test_the_gzip_program_reads_it_too(tmp_path: Path) -> None:
    """An independent reader checks the member, padded in each way."""
    for padding_bytes in (0, 1, 4, 5, 1_099):
        path = tmp_path / f"{padding_bytes}.gz"
        path.write_bytes(_member([b"content", bytes(200_000)], padding_bytes))

        subprocess.run(["gzip", "--test", str(path)], check=True, timeout=30)


def test_the_bytes_are_these() -> None:
    """Fixed by hand: no library's version has a say in them."""
    assert _member([b"hi"], 0).hex(" ") == (
        "1f 8b 08 00 00 00 00 00 00 ff 00 02 00 fd ff 68 69 01 00 00 ff ff ac 2a 93 d8 02 00 00 00"
    )
