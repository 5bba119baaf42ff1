"""Where the body of an answer is changed. Places belong to the whole content, so ranges agree."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from harness.chance import Chance

_CONTENT_RANGE = re.compile(rb"bytes ([0-9]+)-([0-9]+)/([0-9]+)")
_OK, _PARTIAL = 200, 206
SERVED = (_OK, _PARTIAL)  # with content


class Extent(NamedTuple):
    """The bytes `first` up to `end` of `total` that an answer's body has."""

    first: int
    end: int
    total: int


class Flip(NamedTuple):
    """Which byte of the whole content is changed, and with which bits."""

    offset: int
    bits: int


@dataclass(frozen=True, kw_only=True)
class BodyChange:
    """Bytes to flip, or where in the whole content to end the connection, and how."""

    flips: tuple[Flip, ...] = ()
    end: int | None = None
    ending: Literal["fin", "rst"] = "fin"


def extent(status: int, headers: Iterable[tuple[bytes, bytes]]) -> Extent | None:
    """What an answer's body holds; None for an error, an empty body, or one of unknown length."""
    named = {name.lower(): value for name, value in headers}
    if status == _PARTIAL and (found := _CONTENT_RANGE.fullmatch(named.get(b"content-range", b""))):
        return Extent(int(found[1]), int(found[2]) + 1, int(found[3]))
    length = named.get(b"content-length", b"")
    if status == _OK and length.isdigit() and int(length):
        return Extent(0, int(length), int(length))
    return None


def flips(chance: Chance, key: str, count: int, total: int) -> list[Flip]:
    """`count` changes (all bytes, if there are fewer) in `total` bytes, in order; seeded."""
    if count >= total:
        offsets = set(range(total))
    else:
        offsets, draw = set[int](), 0
        while len(offsets) < count:
            offsets.add(int(chance.between(0, total, f"{key} place {draw}")))
            draw += 1
    return [
        Flip(offset, 1 + int(chance.between(0, 255, f"{key} bits {offset}")))
        for offset in sorted(offsets)
    ]


def within(changes: Iterable[Flip], held: Extent) -> tuple[Flip, ...]:
    """Those of `changes` that lie in what is held."""
    return tuple(flip for flip in changes if held.first <= flip.offset < held.end)


def flipped(part: bytes, offset: int, changes: Iterable[Flip]) -> bytes:
    """`part`, which begins at `offset` of the whole, with its bytes changed."""
    inside = [flip for flip in changes if offset <= flip.offset < offset + len(part)]
    if not inside:
        return part
    changed = bytearray(part)
    for flip in inside:
        changed[flip.offset - offset] ^= flip.bits
    return bytes(changed)


def cut_at(keep_share: float, total: int) -> int:
    """How many bytes of the whole are kept."""
    return int(keep_share * total)
