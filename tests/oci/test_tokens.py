"""The answers of token services, good ones and others."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.oci.tokens import TokenResponse, basic_authorization, read_token, read_usable_token


@pytest.mark.parametrize(
    ("answer", "token", "lifetime_s"),
    [
        ({"token": "a", "access_token": "b", "expires_in": 300}, "a", 300),
        ({"token": "", "access_token": "b"}, "b", 60),
        ({"access_token": "b", "expires_in": 0}, "b", 60),
        ({"expires_in": None}, "", 60),
        ({"details": "denied"}, "", 60),
    ],
)
def test_tokens(answer: dict[str, Any], token: str, lifetime_s: float) -> None:
    """Either name will do; without a lifetime it is the specification's minute."""
    given = read_token(json.dumps(answer).encode())
    assert given == TokenResponse(token=token, lifetime_s=lifetime_s)


def test_who_knows_one_name_only_reads_no_other() -> None:
    """containerd's POST has an access_token or nothing."""
    assert read_token('{"token": "a"}', ("access_token",)).token == ""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b"null",
        b'{"token": 7}',
        b'{"token": ["a"]}',
        b'{"token": "a", "expires_in": "soon"}',
        b'{"token": "a", "expires_in": {"s": 1}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_answer_is_refused(body: bytes) -> None:
    """One kind of error, whatever came."""
    with pytest.raises(ValueError, match=r"."):
        read_token(body)


@pytest.mark.parametrize("token", ["a\r\nX: y", "\u00e9", "a\x00", ""])
def test_a_token_that_no_header_can_hold_is_of_no_use(token: str) -> None:
    """It would be a second header, or none."""
    body = json.dumps({"token": token})
    assert read_token(body).token == token
    with pytest.raises(ValueError, match="no token that a header can hold"):
        read_usable_token(body)
    assert read_usable_token('{"access_token": "a.b-c"}').token == "a.b-c"


@given(st.binary())
def test_any_body_is_read_without_harm(body: bytes) -> None:
    """A token or a ValueError."""
    with suppress(ValueError):
        assert isinstance(read_token(body).token, str)


def test_a_login_is_one_header() -> None:
    """RFC 7617's own example."""
    assert basic_authorization("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


def test_a_lifetime_that_no_float_can_hold_is_refused() -> None:
    """A hostile token service may send a number of hundreds of digits."""
    with pytest.raises(ValueError, match="expires_in"):
        read_token(b'{"token": "t", "expires_in": ' + b"9" * 401 + b"}")
