"""Tokens under a clock that goes wrong."""

import jwt
import pytest

from harness.gateway.request import Ask
from harness.gateway.skew import is_refused
from harness.seams import SkewClock

NOW_S = 1_000_000.0
KEY = "a key of any other registry, long enough"


def ask(authorization: bytes | None) -> Ask:
    headers = [] if authorization is None else [(b"authorization", authorization)]
    return Ask({"method": "GET", "path": "/v2/app/manifests/v1", "headers": headers}, "n0")


def bearer(**claims: object) -> bytes:
    return b"Bearer " + jwt.encode(claims, KEY, algorithm="HS256").encode()


@pytest.mark.parametrize(
    ("ahead_s", "leeway_s", "refused"),
    [
        (0, 0, False),
        (-1, 0, True),  # not valid yet
        (-60, 60, False),
        (-61, 60, True),
        (299, 0, False),
        (300, 0, True),  # run out
        (359, 60, False),
        (360, 60, True),
    ],
)
def test_a_token_is_judged_by_the_skewed_clock(
    ahead_s: float, leeway_s: float, *, refused: bool
) -> None:
    """One of five minutes that has just been given out; whose key it has does not matter."""
    token = bearer(nbf=NOW_S, exp=NOW_S + 300)
    act = SkewClock(ahead_s=ahead_s, leeway_s=leeway_s)
    assert is_refused(act, ask(token), NOW_S) is refused


@pytest.mark.parametrize(
    "authorization",
    [None, b"Basic eA==", b"Bearer opaque", b"Bearer a.b.c", b"bearer ", b"Bearer \xff.\xff.\xff"],
)
def test_what_says_nothing_about_time_passes(authorization: bytes | None) -> None:
    """Opaque tokens, and no tokens."""
    assert not is_refused(SkewClock(ahead_s=1e9), ask(authorization), NOW_S)


@pytest.mark.parametrize("claims", [{}, {"exp": NOW_S + 1e9 + 1, "nbf": 0}])
def test_claims_that_are_not_there_forbid_nothing(claims: dict[str, object]) -> None:
    """As RFC 7519 has them: optional."""
    assert not is_refused(SkewClock(ahead_s=1e9), ask(bearer(**claims)), NOW_S)
