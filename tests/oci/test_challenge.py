"""Challenges, as the harness writes them and as registries do."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.oci.challenge import Challenge, bearer_challenge, parse_challenge, realm_of


@pytest.mark.parametrize(
    ("host", "realm"),
    [
        (b"registry.test:5000", "http://registry.test:5000/token"),
        (b"[::1]:5000", "http://[::1]:5000/token"),
        (b'evil"/x', "http://127.0.0.1:80/token"),
        (b"a\r\nSet-Cookie: x", "http://127.0.0.1:80/token"),
        (b"user@host", "http://127.0.0.1:80/token"),
        (b"", "http://127.0.0.1:80/token"),
    ],
)
def test_realm_repeats_only_a_proper_host(host: bytes, realm: str) -> None:
    """The Host header is the client's word; a doubtful one is replaced by the socket's address."""
    scope: dict[str, Any] = {
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "headers": [(b"host", host)],
    }
    assert realm_of(scope) == realm


def test_challenge_names_its_error() -> None:
    """The attributes come in distribution's order, error last and only when there is one."""
    plain = bearer_challenge(realm="http://r/token", scope="repository:app:pull")
    assert (
        plain
        == 'Bearer realm="http://r/token",service="harness-registry",scope="repository:app:pull"'
    )
    assert bearer_challenge(realm="r", scope="", error="invalid_token").endswith(
        'service="harness-registry",error="invalid_token"'
    )


@pytest.mark.parametrize(
    ("header", "scheme", "parameters"),
    [
        (
            'Bearer realm="https://a/token",service="r",scope="repository:app:pull,push"',
            "bearer",
            {"realm": "https://a/token", "service": "r", "scope": "repository:app:pull,push"},
        ),
        (
            'bearer Realm = "x" , error=invalid_token',
            "bearer",
            {"realm": "x", "error": "invalid_token"},
        ),
        ('Basic realm="Registry Realm"', "basic", {"realm": "Registry Realm"}),
        ('Basic realm="b", Bearer realm="t"', "bearer", {"realm": "t"}),
        ('Bearer realm="t", Basic realm="b"', "bearer", {"realm": "t"}),
        (r'Basic realm="a \"quoted\" word"', "basic", {"realm": 'a "quoted" word'}),
        ("Bearer", "bearer", {}),
    ],
)
def test_challenges(header: str, scheme: str, parameters: Mapping[str, str]) -> None:
    """Bearer is answered before Basic, whichever stands first."""
    assert parse_challenge(header) == Challenge(scheme=scheme, parameters=parameters)


@pytest.mark.parametrize("header", ["", "Digest nonce=x", "Negotiate", "Bearers x"])
def test_no_challenge_for_us(header: str) -> None:
    """Neither Bearer nor Basic."""
    assert parse_challenge(header) is None


def test_the_harness_registrys_own_challenge_is_understood() -> None:
    """What the embedded registry writes, a node reads."""
    header = bearer_challenge(
        realm="http://r/token", scope="repository:a:pull", error="invalid_token"
    )
    challenge = parse_challenge(header)
    assert challenge is not None
    assert challenge.parameters["realm"] == "http://r/token"
    assert challenge.parameters["scope"] == "repository:a:pull"
    assert challenge.parameters["error"] == "invalid_token"


@given(st.text())
def test_any_header_is_read_without_harm(header: str) -> None:
    """A challenge or none."""
    challenge = parse_challenge(header)
    assert challenge is None or challenge.scheme in ("bearer", "basic")


def test_a_token_service_is_requested_what_the_challenge_says() -> None:
    """A scope of one's own goes before; what is empty is left out."""
    challenge = parse_challenge('Bearer realm="r",service="s",scope="repository:a:pull"')
    assert challenge is not None
    assert challenge.token_query() == {"service": "s", "scope": "repository:a:pull"}
    assert challenge.token_query("x") == {"service": "s", "scope": "x"}
    assert Challenge(scheme="bearer", parameters={}).token_query() == {}


def test_a_challenge_without_end_takes_no_time() -> None:
    """Letters alone made the pattern start anew at each of them."""
    found = parse_challenge("Bearer " + "a" * 300_000)
    assert found is not None
    assert found.parameters == {}
