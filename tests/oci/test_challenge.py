"""The Bearer challenge."""

from typing import Any

import pytest

from harness.oci.challenge import bearer_challenge, realm_of


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
