"""Headers that rules change, in whatever answer they come."""

import pytest

from harness.gateway.labels import relabel
from harness.oci.digest import is_digest
from harness.seams import MisdirectToken, MislabelDigest

DIGEST = f"sha256:{'a' * 64}"


def challenge(realm: str) -> list[tuple[bytes, bytes]]:
    value = f'Bearer realm="{realm}",service="registry",scope="repository:app:pull"'
    return [(b"WWW-Authenticate", value.encode())]


@pytest.mark.parametrize(
    ("realm", "act", "elsewhere"),
    [
        ("http://a:5000/token", MisdirectToken(port=1), "http://a:1/token"),
        ("http://a:5000/token", MisdirectToken(path="/no"), "http://a:5000/no"),
        ("http://a:5000/token", MisdirectToken(host="b.invalid"), "http://b.invalid/token"),
        ("https://a/token?x=1", MisdirectToken(port=1), "https://a:1/token?x=1"),
        ("http://[::1]:5/token", MisdirectToken(port=1), "http://[::1]:1/token"),
        ("http://a/t", MisdirectToken(host="b", port=2, path="/c"), "http://b:2/c"),
    ],
)
def test_only_the_named_parts_of_the_realm_change(
    realm: str, act: MisdirectToken, elsewhere: str
) -> None:
    """Service and scope stay."""
    headers = challenge(realm)
    assert relabel(act, 401, headers)
    assert headers == challenge(elsewhere)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, challenge("http://a/token")),
        (401, []),
        (401, [(b"www-authenticate", b'Basic realm="')]),
        (401, challenge("http://[a/token")),
        (401, challenge("http://a:port/token")),
    ],
)
def test_where_there_is_no_realm_nothing_changes(
    status: int, headers: list[tuple[bytes, bytes]]
) -> None:
    """So that it is no bite, and broken challenges of other registries break nothing."""
    before = list(headers)
    assert not relabel(MisdirectToken(port=1), status, headers)
    assert headers == before


def test_the_digest_is_another_or_none() -> None:
    """Another one is well-formed, a malformed one is not, a missing one is gone."""
    acts = {MislabelDigest(says="another"): True, MislabelDigest(says="malformed"): False}
    for act, fits in acts.items():
        headers = [(b"docker-content-digest", DIGEST.encode())]
        assert relabel(act, 200, headers)
        ((_, said),) = headers
        assert said != DIGEST.encode()
        assert is_digest(said.decode()) is fits
    headers = [(b"Docker-Content-Digest", DIGEST.encode()), (b"etag", b"x")]
    assert relabel(MislabelDigest(says="missing"), 200, headers)
    assert headers == [(b"etag", b"x")]
    assert not relabel(MislabelDigest(), 404, headers)
