"""Reads the bodies of requests to the control API, and refuses them in Toxiproxy's words."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

Body = dict[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

_BODY_LIMIT_BYTES: Final = 4 << 20


class ApiError(Exception):
    """An answer that is an error; `plain`: its message is the whole body, not a part of JSON."""

    def __init__(self, message: str, status: int, *, plain: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.status = int(status)
        self.plain = plain


@dataclass(frozen=True, kw_only=True)
class WantedProxy:
    """A proxy as a request asks for it."""

    name: str
    listen: str
    upstream: str
    enabled: bool

    @classmethod
    def read(cls, body: Body, *, where: str) -> "WantedProxy":
        for key in ("name", "upstream"):
            if not take(body, key, str, ""):
                raise ApiError(f"missing required field: {key}{where}", HTTPStatus.BAD_REQUEST)
        return cls(
            name=body["name"],
            listen=take(body, "listen", str, ""),
            upstream=body["upstream"],
            enabled=take(body, "enabled", bool, default=True),
        )

    @classmethod
    def read_all(cls, raw: bytes) -> "list[WantedProxy]":
        """All that `/populate` asks for: every entry is checked before the first is made."""
        entries = parse(raw)
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise bad_body("an array of proxies is expected")
        return [
            cls.read(entry, where=f" at proxy {number}") for number, entry in enumerate(entries, 1)
        ]


def bad_body(reason: str) -> ApiError:
    return ApiError(f"bad request body: {reason}", HTTPStatus.BAD_REQUEST)


def parse(raw: bytes) -> Any:
    if not raw.strip():
        raise bad_body("EOF")
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise bad_body(str(error)) from error


def parse_object(raw: bytes) -> Body:
    body = parse(raw)
    if not isinstance(body, dict):
        raise bad_body("an object is expected")
    return body


def take(body: Body, key: str, kind: type, default: Any = None) -> Any:
    """The value of `key`; null and absent are the default, as in Go."""
    value = body.get(key)
    if value is None:
        return default
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    if not (fits if kind is float else isinstance(value, kind)):
        raise bad_body(f"{key} must be a {kind.__name__}, got {json.dumps(value)}")
    return value


def take_attributes(body: Body, former: dict[str, int]) -> dict[str, int]:
    """`former` with the attributes in `body`; unknown ones are passed over, as in Go."""
    sent = take(body, "attributes", dict, {})
    for key in former:
        value = sent.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise bad_body(f"attributes.{key} must be an int, got {json.dumps(value)}")
    return {key: value if sent.get(key) is None else sent[key] for key, value in former.items()}


def take_lifetime(body: Body) -> float | None:
    """`harness_lifetime_s`: after how many seconds the change undoes itself; None for never."""
    value = take(body, "harness_lifetime_s", float)
    if value is not None and not value > 0:
        raise bad_body("harness_lifetime_s must be above 0")
    return None if value is None else float(value)


async def read_body(receive: Receive) -> bytes:
    """The whole body, which is small."""
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise bad_body("cut short")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > _BODY_LIMIT_BYTES:
            raise ApiError("request body is too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        more = message.get("more_body", False)
    return b"".join(parts)
