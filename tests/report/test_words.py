"""Numbers as people read them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.findings import ExpectationFinding
from harness.analysis.pod_findings import QuantileFinding
from harness.report.words import (
    interval_text,
    margin_text,
    percent,
    quantile_text,
    seconds,
    size,
    value_text,
    xml_text,
)

MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "\N{EN DASH}"),
        (0, "0 s"),
        (0.0123, "12.3 ms"),
        (1, "1.0 s"),
        (42.04, "42.0 s"),
        (185.4, "185 s"),
        (7200, "7,200 s"),
    ],
)
def test_seconds(value: float | None, text: str) -> None:
    """Three figures are all that a run can know."""
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (1023, "1,023 B"),
        (1536, "1.5 KiB"),
        (64 << 20, "64 MiB"),
        (1023 << 20, "1,023 MiB"),
        (2 << 60, "2,048 PiB"),
    ],
)
def test_sizes(value: float, text: str) -> None:
    """In binary units."""
    assert size(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.5, "50 %"),
        (0.345, "34.5 %"),
        (0.99999, "> 99.9 %"),
        (0.00001, "< 0.1 %"),
    ],
)
def test_shares_are_never_rounded_to_all_or_nothing(value: float, text: str) -> None:
    """One failed pod in ten thousand is not 100 %."""
    assert percent(value) == text


@given(st.floats(0, 1))
def test_only_all_is_all(value: float) -> None:
    """And only nothing is nothing."""
    assert (percent(value) == "100 %") == (value == 1)
    assert (percent(value) == "0 %") == (value == 0)


def finding(**values: object) -> ExpectationFinding:
    known: dict[str, Any] = {
        "text": "", "metric": "", "phase": "", "quantile": None, "comparison": "at_most",
        "limit": 1.0, "unit": "s", "value": None, "more_than": None, "margin": None,
        "margin_share": None, "samples": 3, "samples_needed": 1, "verdict": "fail", "note": "",
    }  # fmt: skip
    return ExpectationFinding(**(known | values))


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"value": 12.0}, "12.0 s"),
        ({"more_than": 60.0}, "more than 60.0 s"),
        ({}, "never"),
        ({"samples": 0}, "\N{EN DASH}"),
        ({"value": 0.5, "unit": "share"}, "50 %"),
    ],
)
def test_what_was_measured(values: dict[str, object], text: str) -> None:
    """Or what is known of it."""
    assert value_text(finding(**values)) == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"margin": 3.0}, "+3.0 s"),
        ({"margin": -12.0}, f"{MINUS}12.0 s"),
        ({"margin": -0.025, "unit": "share"}, f"{MINUS}2.5 pp"),
        ({}, "\N{EN DASH}"),
    ],
)
def test_margins_have_a_sign(values: dict[str, object], text: str) -> None:
    """Of a share in percentage points."""
    assert margin_text(finding(**values)) == text


def test_quantiles_and_their_intervals() -> None:
    """An interval of no width is left out; an end that never came is called so."""
    whole = QuantileFinding(value_s=2.0, more_than_s=None, low_s=1.0, high_s=3.0)
    narrow = QuantileFinding(value_s=2.0, more_than_s=None, low_s=2.0, high_s=2.0)
    beyond = QuantileFinding(value_s=None, more_than_s=60.0, low_s=5.0, high_s=None)
    assert [quantile_text(one) for one in (whole, narrow, beyond)] == ["2.0 s", "2.0 s", "> 60.0 s"]
    assert [interval_text(one) for one in (whole, narrow, beyond)] == [
        "1.0 s to 3.0 s",
        "",
        "5.0 s to never",
    ]


@given(st.text())
def test_what_is_left_is_xml(text: str) -> None:
    """Every character is one that XML 1.0 holds."""
    for character in xml_text(text):
        code = ord(character)
        assert code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code != 0xFFFE
