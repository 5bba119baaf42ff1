"""Durations, sizes, rates and shares carry their unit, and nothing else passes."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from harness.units import (
    BytesPerSecond,
    ChosenShare,
    DelaySeconds,
    PositiveSeconds,
    byte_count,
    bytes_per_second,
    per_second,
    seconds,
    share,
)

READERS: tuple[Callable[[Any], float], ...] = (
    seconds,
    byte_count,
    per_second,
    bytes_per_second,
    share,
)


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (seconds, "30s", 30.0),
        (seconds, "1m30s", 90.0),
        (seconds, "250ms", 0.25),
        (seconds, "1.5h", 5400.0),
        (seconds, "0s", 0.0),
        (seconds, "168h", 604800.0),
        (byte_count, "64MiB", 64 << 20),
        (byte_count, "10MB", 10_000_000),
        (byte_count, "1.5 kB", 1500),
        (byte_count, "512B", 512),
        (byte_count, "1024GiB", 1 << 40),
        (per_second, "2/s", 2.0),
        (per_second, "90/min", 1.5),
        (per_second, "36/h", 0.01),
        (bytes_per_second, "500kB/s", 500_000),
        (bytes_per_second, "1MiB/s", 1 << 20),
        (bytes_per_second, "80Mbit/s", 10_000_000),
        (bytes_per_second, "1.5Gbit/s", 187_500_000),
        (share, 0.5, 0.5),
        (share, "50%", 0.5),
        (share, "100%", 1.0),
        (share, 0, 0.0),
    ],
)
def test_what_is_written_with_its_unit_is_read(
    read: Callable[[Any], float], text: Any, value: float
) -> None:
    """A number and its unit, in the unit that the name of the reader says."""
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "values"),
    [
        (seconds, [30, 30.0, "30", "30 s", "s", "-3s", "30s\n", "٣s", "1e3s", None, True, ["1s"]]),
        (seconds, ["169h", "999999999999999h"]),
        (byte_count, [64, "64", "64Mib", "64 MiBs", "-1B", "MiB", "1025GiB", "9" * 400 + "B"]),
        (per_second, [2, "2", "2/ms", "/s", "-2/s", "2 / s", "2/s/s"]),
        (bytes_per_second, ["1MiB", "1Mibit/s", "1mbit/s", "1bit/s", "1/s", 1]),
        (share, [-0.1, 1.1, "101%", "50 %", "half", True, None, float("nan"), "0.5"]),
    ],
)
def test_what_has_no_unit_or_another_one_is_refused(
    read: Callable[[Any], float], values: list[Any]
) -> None:
    """Bare numbers, spaces, signs, other alphabets and values out of all proportion."""
    for value in values:
        with pytest.raises(ValueError, match=r"^must be "):
            read(value)


@pytest.mark.parametrize(
    ("kind", "value", "rule"),
    [
        (PositiveSeconds, "0s", "must be above 0"),
        (DelaySeconds, "0.4ms", "must be at least 1ms"),
        (BytesPerSecond, "999B/s", "must be at least 1kB/s"),
        (ChosenShare, "0%", "must be above 0"),
        (ChosenShare, 1.5, "must be a share"),
    ],
)
def test_what_a_seam_cannot_do_is_refused(kind: Any, value: Any, rule: str) -> None:
    """Zero where something must happen, and less than a service behind a seam can count."""
    with pytest.raises(ValidationError, match=rule):
        TypeAdapter(kind).validate_python(value)


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none()))
def test_anything_is_read_or_refused_by_a_rule(value: Any) -> None:
    """No reader answers with another exception, and none with an endless number."""
    for read in READERS:
        try:
            result = read(value)
        except ValueError as error:
            assert str(error).startswith("must be ")  # noqa: PT017  either outcome is right
        else:
            assert 0 <= result < float("inf")
