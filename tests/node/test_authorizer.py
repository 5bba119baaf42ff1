"""Challenges as registries write them."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.node.authorizer import Challenge, parse_challenge
from harness.oci.challenge import bearer_challenge


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
