"""Tokens under a clock that goes wrong."""

from pathlib import Path

import jwt
import pytest

from harness.gateway.acts.skew_clock import is_refused
from harness.gateway.request import GatewayRequest
from harness.seams import SkewClock
from tests.registry_server import PASSWORD, USER, run, serving

NOW_S = 1_000_000.0
KEY = "a key of any other registry, long enough"


def request(authorization: bytes | None) -> GatewayRequest:
    headers = [] if authorization is None else [(b"authorization", authorization)]
    return GatewayRequest(
        {"method": "GET", "path": "/v2/app/manifests/v1", "headers": headers}, "n0"
    )


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
    assert is_refused(act, request(token), NOW_S) is refused


@pytest.mark.parametrize(
    "authorization",
    [None, b"Basic eA==", b"Bearer opaque", b"Bearer a.b.c", b"bearer ", b"Bearer \xff.\xff.\xff"],
)
def test_what_says_nothing_about_time_passes(authorization: bytes | None) -> None:
    """Opaque tokens, and no tokens."""
    assert not is_refused(SkewClock(ahead_s=1e9), request(authorization), NOW_S)


@pytest.mark.parametrize("claims", [{}, {"exp": NOW_S + 1e9 + 1, "nbf": 0}])
def test_claims_that_are_not_there_forbid_nothing(claims: dict[str, object]) -> None:
    """As RFC 7519 has them: optional."""
    assert not is_refused(SkewClock(ahead_s=1e9), request(bearer(**claims)), NOW_S)


def test_skewed_clock_refuses_good_tokens(tmp_path: Path) -> None:
    """As invalid, with a challenge; what carries none meets the registry's own."""

    async def main() -> None:
        async with serving(tmp_path, guarded=True) as served, served.client() as client:
            token = (await client.get("/token", auth=(USER, PASSWORD))).json()["token"]
            bearer = {"Authorization": f"Bearer {token}"}
            name = served.rule(SkewClock(ahead_s=-600, leeway_s=60))
            answer = await client.get("/v2/", headers=bearer)
            assert answer.status_code == 401
            assert 'error="invalid_token"' in answer.headers["www-authenticate"]
            assert "error" not in (await client.get("/v2/")).headers["www-authenticate"]
            assert served.bites(name) == 1
            served.rules.remove(name)
            assert (await client.get("/v2/", headers=bearer)).status_code == 200

    run(main())
