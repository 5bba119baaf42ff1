"""Plain words mean what YAML 1.2 says, not what YAML 1.1 made of them."""

import math
from typing import Any

import pytest

from harness.scenario.document import read_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("y", "y"),
        ("1:30", "1:30"),
        ("2026-11-24", "2026-11-24"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("=", "="),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-7", -7),
        ("1.50", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        (".inf", math.inf),
        ("True", True),
        ("false", False),
        ("~", None),
        ("null", None),
        ("'5'", "5"),
        ('"true"', "true"),
        ("!!str 5", "5"),
        ("|\n  5", "5"),
        ("é ü 日本", "é ü 日本"),
    ],
)
def test_words_have_the_core_schemas_meaning(text: str, value: Any) -> None:
    """Both the value and its type."""
    read = read_text("f.yaml", f"k: {text}").data["k"]
    assert (read, type(read)) == (value, type(value))


def test_a_version_directive_changes_nothing() -> None:
    """A file that calls itself YAML 1.1 still has `on` as a word."""
    assert read_text("f.yaml", "%YAML 1.1\n---\non: off\n").data == {"on": "off"}


def test_tags_are_refused_with_their_name() -> None:
    """A scenario is plain data."""
    complaints = read_text("f.yaml", "a: !foo b\nc: !!binary aGk=\n").complaints
    assert [str(it) for it in complaints] == [
        "f.yaml:1:4 a: must have no tag, has !foo, got 'b'",
        "f.yaml:2:4 c: must have no tag, has !!binary, got 'aGk='",
    ]
