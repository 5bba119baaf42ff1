"""What faults of requests have in common: which requests, and answers in a registry's words."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from harness.oci.errors import STATUSES, ErrorCode, error_body
from harness.registry.profile import Refusal
from harness.registry.refusal import refusal as profile_refusal
from harness.seams import RequestKind, Respond

# What a registry asks a token for.
CHALLENGED = (
    RequestKind.PING,
    RequestKind.MANIFEST,
    RequestKind.BLOB,
    RequestKind.TAGS,
    RequestKind.UPLOAD,
    RequestKind.REFERRERS,
)
# What is asked of one repository by who pulls and pushes.
OF_A_REPOSITORY = (
    RequestKind.MANIFEST,
    RequestKind.BLOB,
    RequestKind.TAGS,
    RequestKind.UPLOAD,
)
# All that a pull or a push asks.
OF_CLIENTS = (
    RequestKind.PING,
    RequestKind.TOKEN,
    RequestKind.MANIFEST,
    RequestKind.BLOB,
    RequestKind.UPLOAD,
)
# What somebody's proxy or policy says; what no terminal or page may show is escaped there.
OwnBody = Annotated[str, Field(min_length=1, max_length=4096)]

CLOSED_PORT = 1  # tcpmux, RFC 1078: nobody listens there


def refusal(code: ErrorCode, *, behind_login: bool = True) -> Respond:
    """The registry's answer with this error, under the status that distribution gives it."""
    return Respond(
        status=STATUSES[code],
        headers=(("Content-Type", "application/json"),),
        body=error_body(code).decode(),
        behind_login=behind_login,
    )


def respond_as(words: Refusal, values: Mapping[str, Any] | None = None) -> Respond:
    """An answer in the words of a profile, with `values` filled in and no challenge."""
    error = profile_refusal(words, values)
    return Respond(status=error.status, headers=error.all_headers, body=error.body.decode())


def with_body(answer: Respond, body: str | None) -> Respond:
    """`answer` with another body, which is JSON by its brace and else plain text."""
    if body is None:
        return answer
    kind = "application/json" if body.startswith("{") else "text/plain; charset=utf-8"
    others = tuple(it for it in answer.headers if it[0].lower() != "content-type")
    return replace(answer, headers=(*others, ("Content-Type", kind)), body=body)
