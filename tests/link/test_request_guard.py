"""The control API answers the harness, and no web page that a browser on this machine shows."""

import pytest

from harness.link.body import ApiError
from harness.link.request_guard import refuse_foreign

OWN = {b"host": b"127.0.0.1:8474", b"authorization": b"Bearer secret"}


@pytest.mark.parametrize("host", [b"127.0.0.1", b"localhost:8474", b"LOCALHOST", b"[::1]:8474"])
def test_the_harness_is_let_in(host: bytes) -> None:
    """By every name of this machine, with the token and where there is none."""
    refuse_foreign({**OWN, b"host": host}, token="secret")
    refuse_foreign({b"host": host}, token="")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({b"host": b"evil.example:8474"}, 403),
        ({b"host": b""}, 403),
        ({b"origin": b"null"}, 403),
        ({b"user-agent": b"Mozilla/5.0"}, 403),
        ({b"authorization": b"Bearer other"}, 401),
        ({b"authorization": b""}, 401),
        ({b"authorization": "Bearer \xe9".encode("latin-1")}, 401),
    ],
)
def test_others_are_refused(headers: dict[bytes, bytes], status: int) -> None:
    """A rebound name, an Origin, a browser, and a token that is wrong or missing."""
    with pytest.raises(ApiError) as refused:
        refuse_foreign({**OWN, **headers}, token="secret")
    assert refused.value.status == status
