"""A refused token, by distribution's words."""

from typing import Any

import pytest

from harness.gateway.token_refusal import refuse_token

SCOPE: dict[str, Any] = {"scheme": "http", "headers": [(b"host", b"r.test:5000")]}


@pytest.mark.parametrize(
    ("method", "repository", "scope"),
    [
        ("GET", "team/app", ',scope="repository:team/app:pull"'),
        ("PUT", "team/app", ',scope="repository:team/app:pull,push"'),
        ("DELETE", "team/app", ',scope="repository:team/app:delete"'),
        ("GET", "Not A Name", ""),
    ],
)
def test_the_challenge_names_what_was_asked(method: str, repository: str, scope: str) -> None:
    """The realm is where the client came from; a name that is none is not repeated."""
    status, headers, body = refuse_token(SCOPE, method, repository, "invalid_token")
    assert (status, b'"UNAUTHORIZED"' in body) == (401, True)
    assert dict(headers)["WWW-Authenticate"] == (
        f'Bearer realm="http://r.test:5000/token",service="harness-registry"{scope},'
        'error="invalid_token"'
    )
    assert (
        "error=" not in dict(refuse_token(SCOPE, method, repository, None)[1])["WWW-Authenticate"]
    )
