"""What is wrong with a scenario: all of it, each with its place."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

Path = tuple[str | int, ...]

_SHOWN_CHARACTERS = 60
_IN_FILE = re.compile(r"^(?!--set ).*:(\d+):(\d+):?$", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """`place` is file:line:col, or the override that brought the value."""

    place: str
    key: str
    rule: str
    order: tuple[int, int] = (0, 0)  # line and column: complaints come as a reader goes

    @property
    def position(self) -> tuple[int, int] | None:
        """Line and column in a file, from 1; None when the place is none in a file."""
        found = _IN_FILE.search(self.place)
        return (int(found[1]), int(found[2])) if found else None

    def __str__(self) -> str:
        return f"{self.place} {self.key}: {self.rule}" if self.key else f"{self.place} {self.rule}"


class ScenarioError(Exception):
    """A scenario that cannot be run; its text has one line for each complaint."""

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = tuple(complaints)
        super().__init__("\n".join(str(complaint) for complaint in self.complaints))


def dotted(path: Path) -> str:
    """`faults[2].where.nodes`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def got(value: Any) -> str:
    """The value as the user knows it, cut where it is long."""
    match value:
        case None:
            shown = "nothing"
        case bool():
            shown = str(value).lower()
        case _:
            shown = repr(value)
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}…"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint to put behind a rule: the nearest of `known`, or all of them where they are few."""
    names = list(known)
    if near := get_close_matches(word, names, n=1):
        return f", did you mean {near[0]}?"
    return f", known: {', '.join(sorted(names))}" if names else ""
