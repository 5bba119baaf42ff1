"""The realm of a challenge."""

import pytest

from harness.gateway.acts import RuleContext
from harness.gateway.acts.misdirect_token import MisdirectTokenBehaviour
from harness.seams import MisdirectToken


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
    assert MisdirectTokenBehaviour(act, RuleContext()).change_headers(401, headers)
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
    behaviour = MisdirectTokenBehaviour(MisdirectToken(port=1), RuleContext())
    assert not behaviour.change_headers(status, headers)
    assert headers == before
