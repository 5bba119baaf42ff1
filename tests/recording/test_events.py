"""Events as lines and back."""

import json
from contextlib import suppress
from dataclasses import MISSING, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.recording.events import Event, FaultHealed, RunEnded, RunStarted, parse


@pytest.mark.parametrize("kind", Event.kinds.values(), ids=Event.kinds.keys())
def test_every_kind_comes_back_from_its_line(kind: type[Event]) -> None:
    """A line holds all that the event says, and names its kind."""
    samples = {"str": "ä\n", "float": 1.5, "int": 3, "bool": True, "int | None": None}
    words: dict[str, Any] = {
        word.name: samples.get(str(getattr(word.type, "__name__", word.type)), {"key": 1})
        for word in fields(kind)
    }
    event = kind(**words)
    assert "\n" not in event.line()
    assert parse(event.line()) == event
    assert json.loads(event.line())["event"] == kind.name


@pytest.mark.parametrize("kind", Event.kinds.values(), ids=Event.kinds.keys())
def test_every_kind_has_its_own_name_and_needs_its_time(kind: type[Event]) -> None:
    """Names are unique, and no event is without a moment."""
    assert Event.kinds[kind.name] is kind
    assert [word.default for word in fields(kind) if word.name == "at_s"] == [MISSING]


def test_a_healed_fault_may_not_know_its_bites() -> None:
    """None (cannot count) stays apart from 0 (never bit)."""
    words: dict[str, Any] = {"at_s": 1.0, "fault": "latency-1", "word": "latency", "occurrence": 1}
    unknown = FaultHealed(**words, bites=None)
    none = FaultHealed(**words, bites=0)
    assert parse(unknown.line()) != parse(none.line())


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "7",
        "null",
        pytest.param("[" * 100_000, id="deep"),
        "{}",
        '{"event": "no_such_thing", "at_s": 1}',
        '{"event": ["run_started"], "at_s": 1}',
        '{"event": "run_started", "at_s": 1}',
        '{"event": "run_started", "at_s": 1, "run_id": "a", "scenario": "b", "seed": 1, "x": 1}',
    ],
)
def test_what_is_no_event_is_a_value_error(line: str) -> None:
    """Cut, foreign and misfit lines are all told the same way."""
    with pytest.raises(ValueError):
        parse(line)


@given(text=st.text(st.characters(exclude_categories=())))
def test_any_error_text_can_be_written_and_read(text: str) -> None:
    """Errors quote what a hostile registry sent."""
    event = RunEnded(at_s=1.0, reason="error", error=text)
    assert parse(event.line().encode().decode()) == event
    assert len(event.line().split("\n")) == 1


@given(st.text())
def test_no_text_raises_anything_else(line: str) -> None:
    """A recording is text that anything may have happened to."""
    with suppress(ValueError):
        parse(line)


@given(cut=st.integers(0, 200))
def test_a_cut_line_is_never_another_event(cut: int) -> None:
    """A crash in the middle of a line loses that line, no more."""
    line = RunStarted(at_s=0.0, run_id="abc", scenario="s", seed=1).line()
    if cut < len(line):
        with pytest.raises(ValueError):
            parse(line[:cut])
