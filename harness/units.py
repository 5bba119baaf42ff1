"""Durations, sizes, rates and shares as scenarios write them: always with their unit."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

_DURATION_PATTERN = r"^(\d+(\.\d+)?(ms|s|m|h))+$"
_SIZE_PATTERN = r"^\d+(\.\d+)?\s?(B|kB|KB|MB|GB|KiB|MiB|GiB)$"
_RATE_PATTERN = r"^\d+(\.\d+)?/(s|min|h)$"
_BANDWIDTH_PATTERN = r"^\d+(\.\d+)?\s?(B|kB|KB|MB|GB|KiB|MiB|GiB)/s$"
_SHARE_PATTERN = r"^\d+(\.\d+)?%$"

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_BYTES = {
    "B": 1,
    "kB": 1000,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
}
_PERIOD_S = {"s": 1.0, "min": 60.0, "h": 3600.0}


def seconds(value: Any) -> float:
    """Seconds of a duration such as `30s`, `1m30s` or `250ms`. Raises ValueError."""
    if not isinstance(value, str) or not re.match(_DURATION_PATTERN, value):
        raise ValueError("must be a duration with its unit, as 30s, 1m30s or 250ms")
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", value)
    return round(sum(float(number) * _SECONDS[unit] for number, unit in parts), 9)


def byte_count(value: Any) -> int:
    """Bytes of a size such as `64MiB` or `10MB`. Raises ValueError."""
    if not isinstance(value, str) or not re.match(_SIZE_PATTERN, value):
        raise ValueError("must be a size with its unit, as 64MiB, 10MB or 512B")
    number, unit = re.findall(r"([\d.]+)\s?(\w+)", value)[0]
    return round(float(number) * _BYTES[unit])


def per_second(value: Any) -> float:
    """A rate such as `2/s`, `90/min` or `100/h`, in 1/s. Raises ValueError."""
    if not isinstance(value, str) or not re.match(_RATE_PATTERN, value):
        raise ValueError("must be a rate with its unit, as 2/s, 90/min or 100/h")
    number, period = value.split("/")
    return float(number) / _PERIOD_S[period]


def bytes_per_second(value: Any) -> int:
    """A bandwidth such as `500kB/s` or `1MiB/s`. Raises ValueError."""
    if not isinstance(value, str) or not re.match(_BANDWIDTH_PATTERN, value):
        raise ValueError("must be a bandwidth with its unit, as 500kB/s or 1MiB/s")
    return byte_count(value.removesuffix("/s"))


def share(value: Any) -> float:
    """A share such as `0.5` or `50%`, from 0 to 1. Raises ValueError."""
    if isinstance(value, str) and re.match(_SHARE_PATTERN, value):
        value = float(value.removesuffix("%")) / 100
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("must be a share, as 0.5 or 50%, from 0 to 1")
    return float(value)


def _above_zero(value: float) -> float:
    if value <= 0:
        raise ValueError("must be above 0")
    return value


def _schema(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


Seconds = Annotated[float, BeforeValidator(seconds), _schema(_DURATION_PATTERN, "30s")]
PositiveSeconds = Annotated[
    float,
    BeforeValidator(lambda value: _above_zero(seconds(value))),
    _schema(_DURATION_PATTERN, "30s"),
]
ByteCount = Annotated[
    int,
    BeforeValidator(lambda value: _above_zero(byte_count(value))),
    _schema(_SIZE_PATTERN, "64MiB"),
]
PerSecond = Annotated[
    float,
    BeforeValidator(lambda value: _above_zero(per_second(value))),
    _schema(_RATE_PATTERN, "2/s"),
]
BytesPerSecond = Annotated[
    int,
    BeforeValidator(lambda value: _above_zero(bytes_per_second(value))),
    _schema(_BANDWIDTH_PATTERN, "1MiB/s"),
]
_SHARE_SCHEMA = WithJsonSchema(
    {
        "anyOf": [
            {"type": "number", "minimum": 0, "maximum": 1},
            {"type": "string", "pattern": _SHARE_PATTERN},
        ]
    }
)
Share = Annotated[float, BeforeValidator(share), _SHARE_SCHEMA]
ChosenShare = Annotated[
    float,
    BeforeValidator(lambda value: _above_zero(share(value))),
    _SHARE_SCHEMA,
    Field(description="how many of those in scope, above 0; seeded"),
]
