"""A rule as it crosses to the gateway: plain data, checked on arrival."""

import re
from dataclasses import dataclass
from math import inf
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from harness.oci.reference import is_host
from harness.seams import (
    Act,
    ConnectionLimit,
    Corrupt,
    Delay,
    EgressQuota,
    MisdirectToken,
    Queue,
    RateLimit,
    Redirect,
    RequestKind,
    Respond,
    SkewClock,
    Truncate,
)

Name = Annotated[str, Field(pattern=r"^[!-+\--~]{1,200}$")]  # fits a header, without commas

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, 5.6.2: token
_PATH = re.compile(r"/[A-Za-z0-9._~/-]{0,200}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\xa1-\xff\t]*")


class InvalidOrderError(ValueError):
    """The message names the field, the value and the rule."""


@dataclass(frozen=True, kw_only=True)
class RuleOrder:
    """Match requests, and act on a `share` of them, until `deadline_s` (monotonic clock).

    `rule` is unique in a run. `seed` and `step` are those of the fault's chance. Empty fields of
    the match mean any.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    rule: Name
    fault: Name
    act: Annotated[Act, Field(discriminator="act")]
    kinds: tuple[RequestKind, ...]
    methods: tuple[str, ...] = ()
    repository: str | None = None
    layers: tuple[int, ...] = ()
    nodes: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    authenticated: bool | None = None
    by: Literal["tag", "digest"] | None = None
    per: Literal["request", "node"] = "request"
    share: Annotated[float, Field(ge=0, le=1)] = 1.0
    seed: int = 0
    step: str = ""
    deadline_s: float


_ORDER: TypeAdapter[RuleOrder] = TypeAdapter(RuleOrder)


def write_order(order: RuleOrder) -> dict[str, Any]:
    """`order` as JSON data."""
    data: dict[str, Any] = _ORDER.dump_python(order, mode="json")
    return data


def read_order(data: object) -> RuleOrder:
    """The rule in JSON data. Raises InvalidOrderError."""
    try:
        order = _ORDER.validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "rule"
        raise InvalidOrderError(f"{place}: {first['msg']}") from None
    if complaint := _complaint(order.act):
        raise InvalidOrderError(f"act.{complaint}")
    return order


def _complaint(act: Act) -> str | None:
    """What is wrong with the settings of `act`; None when nothing."""
    match act:
        case Respond(status=status, headers=headers):
            return _answer_complaint(status, headers)
        case Corrupt(flip_bytes=count):
            rule = None if count >= 1 else f"flip_bytes: must be at least 1, got {count}"
        case Truncate(keep_share=share):
            rule = None if 0 <= share < 1 else f"keep_share: must be 0 to below 1, got {share}"
        case Delay(first_byte_s=delay):
            rule = None if 0 <= delay < inf else f"first_byte_s: must be 0 or more, got {delay}"
        case RateLimit(limit=limit, window_s=window):
            fits = limit >= 0 and 0 < window < inf
            rule = None if fits else f"limit, window_s: no such rate, got {limit} in {window} s"
        case SkewClock(ahead_s=ahead, leeway_s=leeway):
            fits = -inf < ahead < inf and 0 <= leeway < inf
            rule = None if fits else f"ahead_s, leeway_s: no such clock, got {ahead} and {leeway}"
        case Queue() | EgressQuota() | ConnectionLimit() | Redirect():
            rule = _load_complaint(act)
        case MisdirectToken():
            rule = _realm_complaint(act)
        case _:
            rule = None
    return rule


def _load_complaint(act: Queue | EgressQuota | ConnectionLimit | Redirect) -> str | None:
    match act:
        case Queue(at_once=at_once, service_s=service_s, waiting=waiting):
            fits = at_once > 0 and 0 <= service_s < inf and (waiting is None or waiting >= 0)
            got = f"{at_once}, {service_s}, {waiting}"
            rule = f"at_once, service_s, waiting: no such queue, got {got}"
        case EgressQuota(limit_bytes=limit, window_s=window, bytes_per_s=speed):
            fits = limit >= 0 and 0 < window < inf and (speed is None or speed > 0)
            got = f"{limit}, {window}, {speed}"
            rule = f"limit_bytes, window_s, bytes_per_s: no such quota, got {got}"
        case ConnectionLimit(limit=limit):
            fits, rule = limit >= 0, f"limit: must be 0 or more, got {limit}"
        case Redirect(first_byte_s=delay, bytes_per_s=speed):
            fits = 0 <= delay < inf and speed > 0
            rule = f"first_byte_s, bytes_per_s: no such storage, got {delay}, {speed}"
    return None if fits else rule


def _realm_complaint(act: MisdirectToken) -> str | None:
    if act.host is not None and (":" in act.host or not is_host(act.host)):
        return f"host: must be a host name without a port, got {act.host!r}"
    if act.port is not None and not 0 < act.port < 1 << 16:
        return f"port: must be 1 to 65535, got {act.port}"
    if act.path is not None and not _PATH.fullmatch(act.path):
        return f"path: must begin with / and be one of a URL, got {act.path!r}"
    return None


def _answer_complaint(status: int, headers: tuple[tuple[str, str], ...]) -> str | None:
    if not 200 <= status <= 599:  # noqa: PLR2004  RFC 9110, 15
        return f"status: must be 200 to 599, got {status}"
    for name, value in headers:
        if not (_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value)):
            return f"headers: {name!r} with value {value!r} cannot be sent"
    return None
