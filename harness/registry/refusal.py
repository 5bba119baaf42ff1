"""An answer that says what is wrong, raised where it is noticed."""

from harness.oci.errors import STATUSES, ErrorCode, error_body

Headers = tuple[tuple[str, str], ...]


class RefusalError(Exception):
    """Becomes an answer in the form of the specification. `status` None: the usual of the code."""

    def __init__(
        self,
        code: ErrorCode,
        message: str | None = None,
        *,
        status: int | None = None,
        detail: object = None,
        headers: Headers = (),
    ) -> None:
        super().__init__(message)
        self.status: int = status or STATUSES[code]
        self.body = error_body(code, message, detail)
        self.headers = headers
