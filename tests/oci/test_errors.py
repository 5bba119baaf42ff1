"""Error codes: a status and a message for each, bodies written and untrusted bodies read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.oci.errors import (
    BODY_BYTES,
    CODE_CHARACTERS,
    DETAIL_CHARACTERS,
    ERRORS_PER_BODY,
    MESSAGE_CHARACTERS,
    MESSAGES,
    STATUSES,
    ErrorCode,
    RegistryError,
    error_body,
    parse_errors,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_every_code_has_a_status_and_a_message() -> None:
    """No code is left without its answer."""
    assert set(STATUSES) == set(MESSAGES) == set(ErrorCode)
    assert all(400 <= status < 600 for status in STATUSES.values())


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (ErrorCode.BLOB_UPLOAD_INVALID, 404),
        (ErrorCode.MANIFEST_BLOB_UNKNOWN, 400),
        (ErrorCode.MANIFEST_UNKNOWN, 404),
        (ErrorCode.DENIED, 403),
        (ErrorCode.UNSUPPORTED, 405),
        (ErrorCode.RANGE_INVALID, 416),
        (ErrorCode.TOOMANYREQUESTS, 429),
    ],
)
def test_statuses_are_those_of_distribution(code: ErrorCode, status: int) -> None:
    """Those that one would guess wrongly, and some that one would not."""
    assert STATUSES[code] == status


def test_a_body_has_the_form_of_the_specification() -> None:
    """Code, distribution's message, and a detail only where there is one."""
    assert json.loads(error_body(ErrorCode.NAME_UNKNOWN)) == {
        "errors": [{"code": "NAME_UNKNOWN", "message": "repository name not known to registry"}]
    }
    assert json.loads(error_body(ErrorCode.DENIED, "no", {"name": "app"})) == {
        "errors": [{"code": "DENIED", "message": "no", "detail": {"name": "app"}}]
    }


@given(code=st.sampled_from(ErrorCode), message=st.text("abc é", max_size=80))
def test_a_written_body_reads_back(code: ErrorCode, message: str) -> None:
    """Writing and reading agree."""
    (error,) = parse_errors(error_body(code, message, {"a": 1}))

    assert error == RegistryError(code=code, message=message.strip(), detail='{"a": 1}')


@given(
    body=st.binary()
    | json_values.map(lambda value: json.dumps(value).encode())
    | json_values.map(lambda value: json.dumps({"errors": value}).encode())
    | st.lists(st.dictionaries(st.sampled_from(["code", "message", "detail"]), json_values)).map(
        lambda errors: json.dumps({"errors": errors}).encode()
    )
)
def test_an_untrusted_body_gives_bounded_printable_texts(body: bytes) -> None:
    """Whatever a registry sends, what is kept is short, printable and can be written as UTF-8."""
    for error in parse_errors(body):
        assert len(error.code) <= CODE_CHARACTERS
        assert len(error.message) <= MESSAGE_CHARACTERS
        assert len(error.detail) <= DETAIL_CHARACTERS
        text = error.code + error.message + error.detail
        text.encode()
        assert len(text.splitlines()) <= 1
        assert "\x1b" not in text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>502 Bad Gateway</html>",
        b"null",
        b'{"errors": "many"}',
        b'{"errors": ["text", 1, null]}',
        b"[" * 50_000,
        b'{"errors":[{"code":"X","detail":' + b"[" * 20_000 + b"]" * 20_000 + b"}]}",
        b'{"errors":[{"code":' + b"9" * 10_000 + b"}]}",
        b'{"errors":[{"code":"X","message":"' + b"a" * BODY_BYTES + b'"}]}',
        b"\xff\xfe\x00",
    ],
)
def test_what_is_not_of_the_form_gives_no_error(body: bytes) -> None:
    """Pages of proxies, wrong types, endless nesting and oversize end quietly."""
    assert parse_errors(body) == ()


def test_texts_are_cleaned_and_cut() -> None:
    """Terminal codes, changes of direction and lone surrogates become spaces; excess is dropped."""
    hostile = {"code": "X" * 500, "message": "a\x1b[31m\nb\u202ec\ud800d" + "e" * 5_000}
    body = json.dumps({"errors": [hostile] * 100}).encode()[:BODY_BYTES]

    assert parse_errors(body) == ()  # it was cut, so it is no JSON
    errors = parse_errors(json.dumps({"errors": [hostile] * 8 + [{}] * 100}).encode())

    assert len(errors) == ERRORS_PER_BODY
    assert errors[0].code == "X" * CODE_CHARACTERS
    assert errors[0].message.startswith("a [31m b c de")
    assert len(errors[0].message) == MESSAGE_CHARACTERS
