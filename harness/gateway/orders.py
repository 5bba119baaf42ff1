"""A rule as it crosses to the gateway: plain data, checked on arrival."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from harness.seams import Act, RequestKind

Name = Annotated[str, Field(pattern=r"^[!-+\--~]{1,200}$")]  # fits a header, without commas


class InvalidOrderError(ValueError):
    """The message names the field, the value and the rule."""


@dataclass(frozen=True, kw_only=True)
class RuleOrder:
    """Match requests, and act on a `share` of them, until `deadline_s` (monotonic clock).

    `rule` is unique in a run. `seed` and `step` are those of the fault's chance. Empty fields of
    the match mean any. `first`: how many requests it acts on, and then no more.
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
    first: Annotated[int, Field(ge=1)] | None = None
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
        return _ORDER.validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "rule"
        value = first["input"]
        got = "" if isinstance(value, dict | list) else f", got {value!r}"
        raise InvalidOrderError(f"{place}: {first['msg']}{got}") from None
