"""An answer that says what is wrong, raised where it is noticed."""

from collections.abc import Mapping
from typing import Any

from harness.oci.errors import STATUSES, ErrorCode, error_body
from harness.registry.profile import Refusal

Headers = tuple[tuple[str, str], ...]

_JSON = ("Content-Type", "application/json")
_TEXT = ("Content-Type", "text/plain; charset=utf-8")


class RefusalError(Exception):
    """Becomes an answer in the form of the specification. `status` None: the usual of the code.

    `plain`: the answer is the message alone, as text.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str | None = None,
        *,
        status: int | None = None,
        detail: object = None,
        headers: Headers = (),
        plain: bool = False,
    ) -> None:
        super().__init__(message)
        self.status: int = status or STATUSES[code]
        self.body = (message or "").encode() if plain else error_body(code, message, detail)
        self.headers = headers
        self._kind = _TEXT if plain else _JSON

    @property
    def all_headers(self) -> Headers:
        """With that of the body's type."""
        return (self._kind, *self.headers)


def refusal(
    words: Refusal,
    values: Mapping[str, Any] | None = None,
    *,
    detail: object = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> RefusalError:
    """`words` with `values` filled in."""
    message = words.message.format_map(values or {}) or None
    return RefusalError(
        words.code,
        message,
        status=words.status,
        detail=detail,
        headers=headers,
        plain=words.plain,
    )
