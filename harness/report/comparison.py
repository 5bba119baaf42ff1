"""A comparison in sentences: for a terminal, for Markdown, and for the page."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.analysis.comparison import Comparison
from harness.analysis.figure_comparison import FigureComparison
from harness.analysis.windows import PHASES
from harness.report.changes import change_between, in_three_figures, shown_change, signed
from harness.report.words import NONE, percent

COMPARISON_FILE: Final = "comparison.json"
ARROW: Final = "\N{RIGHTWARDS ARROW}"

_WORDS: Final = {
    ("worse", "s"): "slower",
    ("better", "s"): "faster",
    ("worse", "bytes/s"): "less",
    ("better", "bytes/s"): "more",
    ("worse", "share"): "worse",
    ("better", "share"): "better",
}
_ASIDE: Final = {
    "unchanged": "no relevant change",
    "inconclusive": "the interval is too wide",
    "doubted": "worse, but the machine was busier, too",
}
HEADLINES: Final = {
    "regression": "Regression",
    "no_regression": "No regression shown",
    "inconclusive": "Inconclusive",
}


def name_of(one: FigureComparison) -> str:
    """`deployment delay p95 during latency-1`, as the sentences begin."""
    return figure_title(one.metric, one.part, one.quantile)


def figure_title(metric: str, part: str, quantile: str) -> str:
    """A figure's name as people read it."""
    where = f"{part} the faults" if part in PHASES else part.removeprefix("all")
    where = f"of {where}" if where.startswith(("image ", "rollout ")) else where
    return " ".join(word for word in (metric.replace("_", " "), quantile, where) if word)


def sentence(one: FigureComparison) -> str:
    """What became of one figure, plainly."""
    values = f"{value_text(one.a, one)} {ARROW} {at_least(one)}{value_text(one.b, one)}"
    if one.change is None:
        return f"{name_of(one)}: {values}; {one.note or 'no number'}"
    return f"{name_of(one)}: {values}, {change_text(one)}: {judgement(one)}"


def value_text(value: float | None, one: FigureComparison) -> str:
    """A side's median in the figure's unit; a dash when no run has one."""
    return in_three_figures(value, one.unit)


def at_least(one: FigureComparison) -> str:
    return "at least " if one.at_least else ""


def change_text(one: FigureComparison) -> str:
    """`+22 % (+14 % to +31 %)`, in points for shares; a dash when there is no number."""
    if one.change is None or one.a is None or one.b is None:
        return NONE
    text, change = change_between(one.a, one.b, one.unit), shown_change(one.a, one.b, one.unit)
    if change is None or one.low is None or one.high is None:
        return text
    low, high = min(one.low, change), max(one.high, change)  # rounding must not lead out of it
    return f"{text} ({signed(low, one.unit)} to {signed(high, one.unit)})"


def judgement(one: FigureComparison) -> str:
    """One or two words for what the change is."""
    if one.change_is == "maybe_worse":
        return f"perhaps {_WORDS['worse', one.unit]}; run more repeats to find out"
    if one.change_is == "too_few":
        return one.note
    return _ASIDE.get(one.change_is) or _WORDS[one.change_is, one.unit]


def headline(found: Comparison) -> str:
    """One sentence for the top of every format."""
    repeats = f"{_runs(found.b_runs)} of {found.b} against {_runs(found.a_runs)} of {found.a}"
    if found.verdict == "inconclusive" and any(one.change is not None for one in found.figures):
        return f"Inconclusive: {found.doubt}; {repeats}."
    if found.verdict == "inconclusive":
        return f"Inconclusive: {repeats} are too few; {advice(found)}."
    if found.verdict == "regression":
        worse = found.regressed
        return f"Regression: {len(worse)} of {_judged(found)} figures became worse, {repeats}."
    return f"No regression shown: {_judged(found)} figures, {repeats}."


def _runs(runs: tuple[str, ...]) -> str:
    return f"{len(runs)} run{'s' if len(runs) != 1 else ''}"


def _judged(found: Comparison) -> int:
    return sum(one.change is not None for one in found.figures)


def advice(found: Comparison) -> str:
    """What would make a comparison possible that was not."""
    few = any(one.note.startswith("too few repeats") for one in found.figures)
    return "run both with --repeat 5 or more" if few else "no figure has enough samples"


def limits_text(found: Comparison) -> str:
    """What was required of a change before it counts."""
    return (
        f"A change counts from {percent(found.minimum_effect)} "
        f"({signed(found.minimum_points, 'share').lstrip('+')} for shares); at most "
        f"{percent(found.level)} of comparisons of unchanged systems are called a regression. "
        f"Values are medians of repeats; the 95 % interval is in brackets."
    )


def comparison_text(found: Comparison) -> str:
    """The comparison in plain lines, for a terminal or a log."""
    return "\n".join(_lines(found))


def _lines(found: Comparison) -> Iterator[str]:
    yield headline(found)
    yield ""
    for one in found.figures:
        yield f"{_LABELS[one.change_is]:<14}{sentence(one)}"
    if found.figures:
        yield ""
    if found.doubt and found.verdict != "inconclusive":
        yield f"note: {found.doubt}"
    for warning in found.warnings:
        yield f"note: {warning}"
    yield limits_text(found)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure as a line of a table. `tone`: pass, fail or inconclusive, for its colour."""

    tone: str
    label: str
    name: str
    aside: str
    a: str
    b: str
    change: str
    p: str


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A comparison as texts, for a page."""

    verdict: str
    title: str
    headline: str
    a: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    limits: str


def comparison_rows(found: Comparison) -> Shown:
    """`found` as texts."""
    doubt = (found.doubt,) if found.doubt else ()
    return Shown(
        verdict=found.verdict,
        title=HEADLINES[found.verdict],
        headline=headline(found),
        a=found.a,
        rows=tuple(_row(one) for one in found.figures),
        notes=(*doubt, *found.warnings),
        limits=limits_text(found),
    )


def _row(one: FigureComparison) -> Row:
    return Row(
        tone=_TONES.get(one.change_is, ""),
        label=_LABELS[one.change_is].lower(),
        name=name_of(one),
        aside=judgement(one),
        a=value_text(one.a, one),
        b=at_least(one) + value_text(one.b, one),
        change=change_text(one),
        p=NONE if one.rank_p is None else f"{one.rank_p:.3g}",
    )


def read_comparison(run_folder: Path) -> Comparison | None:
    """What a run was compared with when it ended; None when it was not, or nobody can read it."""
    try:
        text = (run_folder / COMPARISON_FILE).read_text(encoding="utf-8")
        return Comparison.from_json(json.loads(text))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


_TONES: Final = {
    "worse": "fail",
    "doubted": "inconclusive",
    "maybe_worse": "inconclusive",
    "inconclusive": "inconclusive",
    "better": "pass",
    "unchanged": "pass",
}
_LABELS: Final = {
    "worse": "WORSE",
    "doubted": "doubtful",
    "maybe_worse": "perhaps",
    "inconclusive": "inconclusive",
    "better": "better",
    "unchanged": "unchanged",
    "too_few": "no number",
}
