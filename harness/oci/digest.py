"""Digests: the names of content.

OCI image-spec v1.1: descriptor.md#digests. Both registered algorithms are known; SHA-256 names
everything the harness makes.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

HEX_CHARACTERS = {"sha256": 64, "sha512": 128}  # image-spec: descriptor.md#registered-algorithms
DIGEST_PATTERN = "|".join(f"{name}:[a-f0-9]{{{length}}}" for name, length in HEX_CHARACTERS.items())

_DIGEST = re.compile(DIGEST_PATTERN)
_SHOWN_CHARACTERS = 100


class DigestError(ValueError):
    """The text is no digest, or its algorithm is not known."""


@dataclass(frozen=True, order=True)
class Digest:
    """An algorithm and its hash in lower-case hexadecimal, written `algorithm:hex`."""

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


def is_digest(text: str) -> bool:
    """Whether `text` is a well-formed digest of a known algorithm."""
    return _DIGEST.fullmatch(text) is not None


def parse_digest(text: str) -> Digest:
    """Read `algorithm:hex`.

    Raises DigestError.
    """
    if is_digest(text):
        algorithm, _, encoded = text.partition(":")
        return Digest(algorithm, encoded)
    raise DigestError(f"digest {_shown(text)}: {_broken_rule(text)}")


def new_hash(algorithm: str = "sha256") -> Any:
    """A hash object of hashlib for `algorithm`.

    Raises DigestError for an algorithm that is not registered.
    """
    if algorithm not in HEX_CHARACTERS:
        raise DigestError(f"digest algorithm {_shown(algorithm)}: must be {_known()}")
    return hashlib.new(algorithm)


def digest_of(content: bytes | bytearray | memoryview, algorithm: str = "sha256") -> str:
    """The digest of `content`, as text.

    Raises DigestError for an algorithm that is not registered.
    """
    return digest_of_chunks((content,), algorithm)


def digest_of_chunks(
    chunks: Iterable[bytes | bytearray | memoryview], algorithm: str = "sha256"
) -> str:
    """The digest of `chunks` one after the other, as text; only one is held at a time.

    Raises DigestError for an algorithm that is not registered.
    """
    seen = new_hash(algorithm)
    for chunk in chunks:
        seen.update(chunk)
    return f"{algorithm}:{seen.hexdigest()}"


def matches(content: bytes | bytearray | memoryview, digest: str) -> bool:
    """Whether `content` has `digest`.

    Raises DigestError for a malformed digest.
    """
    wanted = parse_digest(digest)
    return hmac.compare_digest(digest_of(content, wanted.algorithm), str(wanted))


def _broken_rule(text: str) -> str:
    algorithm, colon, encoded = text.partition(":")
    if not colon:
        return "must be written algorithm:hex"
    if algorithm not in HEX_CHARACTERS:
        return f"algorithm must be {_known()}"
    length = HEX_CHARACTERS[algorithm]
    if len(encoded) != length:
        return f"{algorithm} needs {length} hexadecimal characters, got {len(encoded)}"
    return "may have only the characters 0-9 and a-f after its algorithm"


def _known() -> str:
    return " or ".join(HEX_CHARACTERS)


def _shown(text: str) -> str:
    cut = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
    return repr(cut)
