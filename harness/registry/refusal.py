"""An answer that says what is wrong, raised where it is noticed."""

from harness.oci.errors import STATUSES, ErrorCode, error_body

Headers = tuple[tuple[str, str], ...]

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
        self.headers = (*((_TEXT,) if plain else ()), *headers)
