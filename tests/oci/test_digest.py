"""Digests: what is one, what it says of content, and what is refused."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.oci.digest import (
    HEX_CHARACTERS,
    DigestError,
    digest_of,
    digest_of_chunks,
    is_digest,
    matches,
    parse_digest,
)

algorithms = st.sampled_from(sorted(HEX_CHARACTERS))


@given(content=st.binary(max_size=2_000), algorithm=algorithms)
def test_a_digest_reads_back_and_matches_its_content(content: bytes, algorithm: str) -> None:
    """What is computed is well-formed, is hashlib's, and belongs to that content only."""
    digest = digest_of(content, algorithm)

    assert is_digest(digest)
    assert str(parse_digest(digest)) == digest
    assert parse_digest(digest).hex == hashlib.new(algorithm, content).hexdigest()
    assert matches(content, digest)
    assert not matches(content + b"\0", digest)


@given(chunks=st.lists(st.binary(max_size=100)), algorithm=algorithms)
def test_chunks_have_the_digest_of_the_whole(chunks: list[bytes], algorithm: str) -> None:
    """How content is cut does not change its name."""
    assert digest_of_chunks(chunks, algorithm) == digest_of(b"".join(chunks), algorithm)


@given(text=st.text())
def test_any_text_is_a_digest_or_is_refused(text: str) -> None:
    """`is_digest` and `parse_digest` never disagree."""
    if is_digest(text):
        assert str(parse_digest(text)) == text
    else:
        with pytest.raises(DigestError):
            parse_digest(text)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "must be written algorithm:hex"),
        ("a" * 64, "must be written algorithm:hex"),
        ("md5:" + "a" * 32, "algorithm must be sha256 or sha512"),
        ("SHA256:" + "a" * 64, "algorithm must be sha256 or sha512"),
        ("sha256:" + "a" * 63, "sha256 needs 64 hexadecimal characters, got 63"),
        ("sha512:" + "a" * 64, "sha512 needs 128 hexadecimal characters, got 64"),
        ("sha256:" + "A" * 64, "only the characters 0-9 and a-f"),
        ("sha256:" + "a" * 63 + "\n", "only the characters 0-9 and a-f"),
        ("sha256:" + "a" * 64 + "\n", "needs 64 hexadecimal characters, got 65"),
        ("sha256:../../etc/passwd", "needs 64 hexadecimal characters"),
    ],
)
def test_a_refusal_names_the_rule(text: str, rule: str) -> None:
    """Each malformed digest is told which rule it breaks."""
    assert not is_digest(text)
    with pytest.raises(DigestError, match=rule):
        parse_digest(text)


def test_a_long_text_is_shown_cut() -> None:
    """A message stays short, whatever was sent."""
    with pytest.raises(DigestError) as refused:
        parse_digest("x" * 100_000)

    assert len(str(refused.value)) < 300


def test_an_unknown_algorithm_cannot_hash() -> None:
    """Only registered algorithms are computed, although hashlib knows more."""
    with pytest.raises(DigestError, match="'md5': must be sha256 or sha512"):
        digest_of(b"", "md5")
