"""Requests to a token service and its answers.

distribution: docs/content/spec/auth/token.md, docs/content/spec/auth/oauth.md.
"""

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any, Final

_LIFETIME_S: Final = 60.0  # the specification's own, without expires_in


@dataclass(frozen=True, kw_only=True)
class TokenResponse:
    """`token` is empty where the answer has none."""

    token: str
    lifetime_s: float


def read_token(
    body: bytes | str, names: tuple[str, ...] = ("token", "access_token")
) -> TokenResponse:
    """The token of an answer, under the first of `names` that holds one.

    Raises ValueError when the body is no such answer.
    """
    try:
        document: Any = json.loads(body)
    except RecursionError as error:
        raise ValueError("too deeply nested") from error
    if not isinstance(document, dict):
        raise ValueError(f"an object is needed, got {type(document).__name__}")  # noqa: TRY004  what was sent is wrong
    token = next((document[name] for name in names if document.get(name)), "")
    lifetime_s = document.get("expires_in") or _LIFETIME_S
    if not isinstance(token, str) or not isinstance(lifetime_s, int | float | str):
        raise ValueError("the token must be a string, and expires_in a number")  # noqa: TRY004  as above
    try:
        return TokenResponse(token=token, lifetime_s=float(lifetime_s))
    except OverflowError:
        raise ValueError("expires_in must be a number of seconds") from None


def read_usable_token(body: bytes | str) -> TokenResponse:
    """The token of an answer, which a header can hold. Raises ValueError when there is none."""
    response = read_token(body)
    if not (response.token and response.token.isascii() and response.token.isprintable()):
        raise ValueError("there is no token that a header can hold")
    return response


def basic_authorization(username: str, password: str) -> str:
    """The Authorization header of a login."""
    return f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"
