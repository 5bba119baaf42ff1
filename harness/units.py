"""Durations, sizes, rates and shares as scenarios write them: always with their unit."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

# At most 15 digits: more than any of these can mean, and still exact as a float.
_NUMBER = r"[0-9]{1,15}(\.[0-9]{1,9})?"
_SIZE = rf"{_NUMBER} ?(B|kB|KB|MB|GB|KiB|MiB|GiB)"
_DURATION_PATTERN = rf"^({_NUMBER}(ms|s|m|h))+$"
_SIZE_PATTERN = rf"^{_SIZE}$"
_RATE_PATTERN = rf"^{_NUMBER}/(s|min|h)$"
_BANDWIDTH_PATTERN = rf"^({_SIZE}|{_NUMBER} ?(kbit|Mbit|Gbit))/s$"
_SHARE_PATTERN = rf"^{_NUMBER}%$"

SIZE_MAX_BYTES = 1 << 40
DURATION_MAX_S = 7 * 24 * 3600.0  # a run is watched; a typing error is not

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
_BITS = {"kbit": 1000, "Mbit": 1000**2, "Gbit": 1000**3}
_PERIOD_S = {"s": 1.0, "min": 60.0, "h": 3600.0}


def _matches(pattern: str, value: Any) -> bool:
    """Whether all of `value` is such a text; `$` alone would let a line's end follow."""
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def seconds(value: Any) -> float:
    """Seconds of a duration such as `30s`, `1m30s` or `250ms`. Raises ValueError."""
    if not _matches(_DURATION_PATTERN, value):
        raise ValueError("must be a duration with its unit, as 30s, 1m30s or 250ms")
    parts = re.findall(r"([0-9.]+)(ms|s|m|h)", value)
    total_s = round(sum(float(number) * _SECONDS[unit] for number, unit in parts), 9)
    if total_s > DURATION_MAX_S:
        raise ValueError(f"must be at most {DURATION_MAX_S / 3600:g}h")
    return total_s


def byte_count(value: Any) -> int:
    """Bytes of a size such as `64MiB` or `10MB`. Raises ValueError."""
    if not _matches(_SIZE_PATTERN, value):
        raise ValueError("must be a size with its unit, as 64MiB, 10MB or 512B")
    number, unit = re.findall(r"([0-9.]+) ?(\w+)", value)[0]
    count = round(float(number) * _BYTES[unit])
    if count > SIZE_MAX_BYTES:
        raise ValueError(f"must be at most {SIZE_MAX_BYTES >> 30}GiB")
    return count


def per_second(value: Any) -> float:
    """A rate such as `2/s`, `90/min` or `100/h`, in 1/s. Raises ValueError."""
    if not _matches(_RATE_PATTERN, value):
        raise ValueError("must be a rate with its unit, as 2/s, 90/min or 100/h")
    number, period = value.split("/")
    return float(number) / _PERIOD_S[period]


def bytes_per_second(value: Any) -> int:
    """Bytes/s of a bandwidth such as `500kB/s`, `1MiB/s` or `1Gbit/s`. Raises ValueError."""
    if not _matches(_BANDWIDTH_PATTERN, value):
        raise ValueError("must be a bandwidth with its unit, as 500kB/s, 1MiB/s or 1Gbit/s")
    size = value.removesuffix("/s")
    if not size.endswith("bit"):
        return byte_count(size)
    number, unit = re.findall(r"([0-9.]+) ?(\w+)", size)[0]
    return byte_count(f"{round(float(number) * _BITS[unit] / 8)}B")


def share(value: Any) -> float:
    """A share such as `0.5` or `50%`, from 0 to 1. Raises ValueError."""
    if _matches(_SHARE_PATTERN, value):
        value = float(value.removesuffix("%")) / 100
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("must be a share, as 0.5 or 50%, from 0 to 1")
    return float(value)


def duration_text(value_s: float) -> str:
    """A duration as people read it, not rounded: `200 ms`, `90 s`, `6 h`."""
    if 0 < abs(value_s) < 1:
        return f"{value_s * 1000:.6g} ms"
    for unit in ("h", "m"):
        if value_s >= _SECONDS["h"] and value_s % _SECONDS[unit] == 0:
            return f"{value_s / _SECONDS[unit]:,g} {'min' if unit == 'm' else unit}"
    return f"{value_s:.6g} s"


def size_text(count: int) -> str:
    """A size in the largest unit that needs no decimals: `64 MiB`, `500 kB`."""
    whole = (unit for unit, each in _BYTES.items() if unit != "KB" and count % each == 0)
    unit = max(whole, key=_BYTES.__getitem__) if count else "B"
    return f"{count // _BYTES[unit]:,} {unit}"


def rate_text(bytes_per_s: float) -> str:
    """A bandwidth as networks are sold: `80 Mbit/s`, `1 Gbit/s`."""
    bits = bytes_per_s * 8
    unit, each = max(
        ((unit, each) for unit, each in _BITS.items() if bits >= each),
        key=lambda it: it[1],
        default=("kbit", _BITS["kbit"]),
    )
    return f"{bits / each:,.4g} {unit}/s"


def about_text(value_s: float) -> str:
    """A duration to two units at most, rounded: `48 min`, `1 h 20 min`, `6.7 s`, `3 d 4 h`."""
    if value_s < 100:  # noqa: PLR2004 - two digits and a decimal are read at a glance
        return f"{value_s:.1f} s"
    minutes = round(value_s / 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"))
    return " ".join([f"{count:,} {unit}" for count, unit in parts if count][:2])


def value_text(name: str, value: Any) -> str:
    """`value` of a setting whose name ends in its unit: `delay_s`, `limit_bytes`, `keep_share`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "yes" if value is True else "no" if value is False else str(value)
    if name.endswith("bytes_per_s"):
        return f"{size_text(int(value))}/s"
    if name.endswith("_s"):
        return duration_text(value)
    if name.endswith("_bytes"):
        return size_text(int(value))
    return f"{value * 100:.6g} %" if name.endswith("share") else str(value)


def _above_zero(value: float) -> float:
    if value <= 0:
        raise ValueError("must be above 0")
    return value


def _a_millisecond(value: float) -> float:
    if value < _SECONDS["ms"]:
        raise ValueError("must be at least 1ms")
    return value


def _a_kilobyte(value: int) -> int:
    if value < _BYTES["kB"]:
        raise ValueError("must be at least 1kB/s")
    return value


def _schema(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


Seconds = Annotated[float, BeforeValidator(seconds), _schema(_DURATION_PATTERN, "30s")]
PositiveSeconds = Annotated[
    float,
    BeforeValidator(lambda value: _above_zero(seconds(value))),
    _schema(_DURATION_PATTERN, "30s"),
]
# What the services behind the seams count in whole milliseconds.
DelaySeconds = Annotated[
    float,
    BeforeValidator(lambda value: _a_millisecond(seconds(value))),
    _schema(_DURATION_PATTERN, "200ms"),
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
    BeforeValidator(lambda value: _a_kilobyte(bytes_per_second(value))),  # Toxiproxy counts in kB
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
