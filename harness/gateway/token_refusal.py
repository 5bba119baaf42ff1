"""How a token is refused in the registry's place: by distribution's words, or a registry's own."""

from collections.abc import Callable

from starlette.types import Scope

from harness.oci.challenge import bearer_challenge, pull_scope, realm_of
from harness.oci.errors import ErrorCode, error_body
from harness.oci.reference import is_repository

Refused = tuple[int, list[tuple[str, str]], bytes]  # status, headers, body
# The request's scope and method, its repository, and the challenge's error or None.
TokenRefusal = Callable[[Scope, str, str, str | None], Refused]

_UNAUTHORIZED = 401
_ACTIONS = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}


def refuse_token(scope: Scope, method: str, repository: str, error: str | None) -> Refused:
    """401 with a fresh Bearer challenge."""
    actions = _ACTIONS.get(method, "pull,push")
    wanted = pull_scope(repository, actions) if is_repository(repository) else ""
    challenge = bearer_challenge(realm=realm_of(scope), scope=wanted, error=error)
    headers = [("Content-Type", "application/json"), ("WWW-Authenticate", challenge)]
    return _UNAUTHORIZED, headers, error_body(ErrorCode.UNAUTHORIZED)
