"""Byte ranges: of downloads (RFC 9110, section 14) and of uploaded chunks (distribution-spec)."""

import re
from typing import NamedTuple

_DOWNLOAD = re.compile(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*")
_CHUNK = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")


class Span(NamedTuple):
    """Bytes `first` up to and including `last`."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class UnsatisfiableError(ValueError):
    """The range lies outside of the content, or cannot be read."""


def requested(header: str, size: int) -> Span | None:
    """The part of `size` bytes that a Range header asks for; None: answer with the whole.

    Other units and several ranges at once may be ignored (RFC 9110, 14.2), so they are.
    Raises UnsatisfiableError.
    """
    if not header.startswith("bytes=") or "," in header:
        return None
    found = _DOWNLOAD.fullmatch(header)
    if found is None or found[1] == found[2] == "":
        raise UnsatisfiableError(header)
    if found[1] == "":
        length = min(int(found[2]), size)
        span = Span(size - length, size - 1)
    else:
        first = int(found[1])
        span = Span(first, min(int(found[2]), size - 1) if found[2] else size - 1)
        if found[2] and int(found[2]) < first:
            raise UnsatisfiableError(header)
    if span.length < 1:
        raise UnsatisfiableError(header)
    return span


def chunk(header: str) -> Span | None:
    """The place of an uploaded chunk, from its Content-Range (`0-99`); None for a malformed one."""
    found = _CHUNK.fullmatch(header.removeprefix("bytes ").partition("/")[0].strip())
    if found is None or int(found[2]) < int(found[1]):
        return None
    return Span(int(found[1]), int(found[2]))
