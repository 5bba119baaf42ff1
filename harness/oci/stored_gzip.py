"""Gzip with stored blocks: compressed in form only, so that every machine writes the same bytes.

What zlib makes of the same input differs with its version and its forks. Stored blocks leave it
no choice, and seeded random data does not shrink anyway. RFC 1951 (section 3.2.4) and RFC 1952.
"""

import struct
import zlib

BLOCK_BYTES = 65_528  # of at most 65,535, in whole 64-bit words
_BLOCK_HEADER = struct.Struct("<BHH")  # final or not, length, its complement
_FULL = _BLOCK_HEADER.pack(0, BLOCK_BYTES, BLOCK_BYTES ^ 0xFFFF)
_EMPTY = _BLOCK_HEADER.pack(0, 0, 0xFFFF)
_END = _BLOCK_HEADER.pack(1, 0, 0xFFFF)
_HEADER = b"\x1f\x8b\x08%c\0\0\0\0\0\xff"  # deflate; flags; no time; no level; unknown system
_HAS_NAME = 8
_TRAILER = struct.Struct("<II")  # CRC-32, length modulo 2**32

FRAME_BYTES = len(_HEADER % 0) + len(_END) + _TRAILER.size  # of a member without content


def framed_bytes(piece_bytes: int) -> int:
    """How many bytes a piece of `piece_bytes` takes up between header and end."""
    return piece_bytes + -(-piece_bytes // BLOCK_BYTES) * _BLOCK_HEADER.size


class StoredGzip:
    """One gzip member: `start`, then `frame` for each piece of content, then `end`."""

    def __init__(self) -> None:
        self._crc = 0
        self._content_bytes = 0

    def start(self, padding_bytes: int = 0) -> bytes:
        """The header, made longer by `padding_bytes` with a file name and empty blocks."""
        blocks, name_bytes = divmod(padding_bytes, _BLOCK_HEADER.size)
        name = b"" if not name_bytes else b"_" * (name_bytes - 1) + b"\0"
        return _HEADER % (_HAS_NAME if name else 0) + name + _EMPTY * blocks

    def frame(self, piece: bytes) -> bytes:
        """`piece` in blocks; `framed_bytes(len(piece))` long."""
        self._crc = zlib.crc32(piece, self._crc)
        self._content_bytes += len(piece)
        view = memoryview(piece)
        parts: list[bytes | memoryview] = []
        for start in range(0, len(piece), BLOCK_BYTES):
            block = view[start : start + BLOCK_BYTES]
            size = len(block)
            full = size == BLOCK_BYTES
            parts.append(_FULL if full else _BLOCK_HEADER.pack(0, size, size ^ 0xFFFF))
            parts.append(block)
        return b"".join(parts)

    def end(self) -> bytes:
        """The final block and the trailer."""
        return _END + _TRAILER.pack(self._crc, self._content_bytes & 0xFFFFFFFF)
