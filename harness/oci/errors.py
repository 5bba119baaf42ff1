"""Error codes, their statuses and bodies.

OCI distribution-spec v1.1, "Error Codes". The specification gives no status for a code; the
statuses and messages here are distribution's (registry/api/errcode/register.go, v3.0.0).
"""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any


class ErrorCode(StrEnum):
    """Codes of the specification (1 to 14), then distribution's own."""

    BLOB_UNKNOWN = "BLOB_UNKNOWN"
    BLOB_UPLOAD_INVALID = "BLOB_UPLOAD_INVALID"
    BLOB_UPLOAD_UNKNOWN = "BLOB_UPLOAD_UNKNOWN"
    DIGEST_INVALID = "DIGEST_INVALID"
    MANIFEST_BLOB_UNKNOWN = "MANIFEST_BLOB_UNKNOWN"
    MANIFEST_INVALID = "MANIFEST_INVALID"
    MANIFEST_UNKNOWN = "MANIFEST_UNKNOWN"
    NAME_INVALID = "NAME_INVALID"
    NAME_UNKNOWN = "NAME_UNKNOWN"
    SIZE_INVALID = "SIZE_INVALID"
    UNAUTHORIZED = "UNAUTHORIZED"
    DENIED = "DENIED"
    UNSUPPORTED = "UNSUPPORTED"
    TOOMANYREQUESTS = "TOOMANYREQUESTS"

    MANIFEST_UNVERIFIED = "MANIFEST_UNVERIFIED"
    PAGINATION_NUMBER_INVALID = "PAGINATION_NUMBER_INVALID"
    RANGE_INVALID = "RANGE_INVALID"
    TAG_INVALID = "TAG_INVALID"
    UNAVAILABLE = "UNAVAILABLE"
    UNKNOWN = "UNKNOWN"


STATUSES: dict[ErrorCode, HTTPStatus] = {
    ErrorCode.BLOB_UNKNOWN: HTTPStatus.NOT_FOUND,
    ErrorCode.BLOB_UPLOAD_INVALID: HTTPStatus.NOT_FOUND,  # not 400: as distribution has it
    ErrorCode.BLOB_UPLOAD_UNKNOWN: HTTPStatus.NOT_FOUND,
    ErrorCode.DIGEST_INVALID: HTTPStatus.BAD_REQUEST,
    ErrorCode.MANIFEST_BLOB_UNKNOWN: HTTPStatus.BAD_REQUEST,  # on push, so not 404
    ErrorCode.MANIFEST_INVALID: HTTPStatus.BAD_REQUEST,
    ErrorCode.MANIFEST_UNKNOWN: HTTPStatus.NOT_FOUND,
    ErrorCode.NAME_INVALID: HTTPStatus.BAD_REQUEST,
    ErrorCode.NAME_UNKNOWN: HTTPStatus.NOT_FOUND,
    ErrorCode.SIZE_INVALID: HTTPStatus.BAD_REQUEST,
    ErrorCode.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    ErrorCode.DENIED: HTTPStatus.FORBIDDEN,
    ErrorCode.UNSUPPORTED: HTTPStatus.METHOD_NOT_ALLOWED,
    ErrorCode.TOOMANYREQUESTS: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorCode.MANIFEST_UNVERIFIED: HTTPStatus.BAD_REQUEST,
    ErrorCode.PAGINATION_NUMBER_INVALID: HTTPStatus.BAD_REQUEST,
    ErrorCode.RANGE_INVALID: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    ErrorCode.TAG_INVALID: HTTPStatus.BAD_REQUEST,
    ErrorCode.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.UNKNOWN: HTTPStatus.INTERNAL_SERVER_ERROR,
}

MESSAGES: dict[ErrorCode, str] = {
    ErrorCode.BLOB_UNKNOWN: "blob unknown to registry",
    ErrorCode.BLOB_UPLOAD_INVALID: "blob upload invalid",
    ErrorCode.BLOB_UPLOAD_UNKNOWN: "blob upload unknown to registry",
    ErrorCode.DIGEST_INVALID: "provided digest did not match uploaded content",
    ErrorCode.MANIFEST_BLOB_UNKNOWN: "blob unknown to registry",
    ErrorCode.MANIFEST_INVALID: "manifest invalid",
    ErrorCode.MANIFEST_UNKNOWN: "manifest unknown",
    ErrorCode.NAME_INVALID: "invalid repository name",
    ErrorCode.NAME_UNKNOWN: "repository name not known to registry",
    ErrorCode.SIZE_INVALID: "provided length did not match content length",
    ErrorCode.UNAUTHORIZED: "authentication required",
    ErrorCode.DENIED: "requested access to the resource is denied",
    ErrorCode.UNSUPPORTED: "The operation is unsupported.",
    ErrorCode.TOOMANYREQUESTS: "too many requests",
    ErrorCode.MANIFEST_UNVERIFIED: "manifest failed signature verification",
    ErrorCode.PAGINATION_NUMBER_INVALID: "invalid number of results requested",
    ErrorCode.RANGE_INVALID: "invalid content range",
    ErrorCode.TAG_INVALID: "manifest tag did not match URI",
    ErrorCode.UNAVAILABLE: "service unavailable",
    ErrorCode.UNKNOWN: "unknown error",
}

BODY_BYTES = 64_000  # containerd: core/remotes/errors/errors.go reads no more of an error's body
ERRORS_PER_BODY = 32
CODE_CHARACTERS = 64
MESSAGE_CHARACTERS = 1_024
DETAIL_CHARACTERS = 1_024

# Control characters, changes of writing direction, and halves of surrogate pairs, which JSON can
# carry and UTF-8 cannot.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+"
)


@dataclass(frozen=True, kw_only=True)
class RegistryError:
    """One error of a body. `code` is as the registry wrote it; `detail` is JSON text, or ""."""

    code: str
    message: str = ""
    detail: str = ""


def error_body(code: ErrorCode, message: str | None = None, detail: Any = None) -> bytes:
    """The JSON body for one error; distribution's message when none is given."""
    error: dict[str, Any] = {
        "code": code.value,
        "message": MESSAGES[code] if message is None else message,
    }
    if detail is not None:
        error["detail"] = detail
    return json.dumps({"errors": [error]}, separators=(",", ":")).encode()


def parse_errors(body: bytes) -> tuple[RegistryError, ...]:
    """The errors of an untrusted body, bounded; none when it is not of the specification's form.

    Texts lose their unprintable characters and are cut. Never raises: a body may be anything.
    """
    if len(body) > BODY_BYTES:
        return ()
    try:
        document = json.loads(body)
        entries = document.get("errors") if isinstance(document, dict) else None
        if not isinstance(entries, list):
            return ()
        return tuple(
            _error(entry) for entry in entries[:ERRORS_PER_BODY] if isinstance(entry, dict)
        )
    except (ValueError, RecursionError):
        return ()


def _error(entry: dict[str, Any]) -> RegistryError:
    detail = entry.get("detail")
    return RegistryError(
        code=_text(entry.get("code"), CODE_CHARACTERS),
        message=_text(entry.get("message"), MESSAGE_CHARACTERS),
        detail="" if detail is None else json.dumps(detail)[:DETAIL_CHARACTERS],
    )


def _text(value: object, characters: int) -> str:
    return _UNPRINTABLE.sub(" ", value).strip()[:characters] if isinstance(value, str) else ""
