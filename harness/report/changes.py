"""Two values and the change between them, so that a reader with a calculator gets the same."""

from typing import Final

from harness.report.words import NONE, in_unit

MINUS: Final = "\N{MINUS SIGN}"
_WHOLE_FROM: Final = 10  # percent: two figures are enough


def in_three_figures(value: float | None, unit: str) -> str:
    """`value` as its unit is read, in three figures: `1.28 s`, where `in_unit` has `1.3 s`."""
    if value is None:
        return NONE
    if unit == "s" and 1 <= _rounded(value) < 10:  # noqa: PLR2004  elsewhere it has them
        return f"{_rounded(value):.2f} s"
    return in_unit(value, unit)


def shown_number(value: float, unit: str) -> float:
    """What `in_three_figures` shows of `value`: 0.0 of what it shows as 0."""
    if unit == "share":
        return round(value, 3)
    if unit == "s" and abs(value) < 0.0005:  # noqa: PLR2004  as in words.seconds
        return 0.0
    scale = 1024 ** max(0, (int(value).bit_length() - 1) // 10) if unit == "bytes/s" else 1
    shown = value / scale
    whole = shown >= 100 or (unit == "bytes/s" and scale == 1)  # noqa: PLR2004  three figures
    return scale * (round(shown) if whole else _rounded(shown))


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def shown_change(before: float, after: float, unit: str) -> float | None:
    """The change between the numbers that are shown; None of times and rates from nothing."""
    old, new = shown_number(before, unit), shown_number(after, unit)
    if unit == "share":
        return new - old
    return new / old - 1 if old else None


def change_between(before: float, after: float, unit: str) -> str:
    """`+22 %`, of shares `+4 pp`; from nothing, of which there is no percentage, `+1.20 s`."""
    change = shown_change(before, after, unit)
    if change is not None:
        return signed(change, unit)
    nothing = not shown_number(after, unit)
    return signed(0.0, unit) if nothing else f"+{in_three_figures(after, unit)}"


def signed(value: float | None, unit: str) -> str:
    """A change with its sign, a share's in percentage points."""
    if value is None:
        return NONE
    unit = "pp" if unit == "share" else "%"
    size = abs(value) * 100
    text = f"{size:,.0f}" if size >= _WHOLE_FROM else f"{size:.1f}".removesuffix(".0")
    if text == "0":
        return f"\N{PLUS-MINUS SIGN}0 {unit}"
    return f"{'+' if value > 0 else MINUS}{text} {unit}"
