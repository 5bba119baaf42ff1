"""Tables and texts of Markdown, whose cells may be whatever a registry sent."""

from collections.abc import Iterable, Sequence
from typing import Final

MOST_ROWS: Final = 40
_LONGEST_CELL: Final = 240
# Everything that Markdown or HTML in Markdown gives a meaning to.
_ESCAPES = {c: f"\\{c}" for c in "\\`*_{}[]()#+!|~$"}
_ESCAPES |= {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"}
_TABLE: Final = str.maketrans(_ESCAPES)


def escaped(text: str) -> str:
    """Untrusted `text` as one line that renders as itself: no markup, no HTML, no mention."""
    line = "".join(c if c.isprintable() else " " for c in text[: 8 * _LONGEST_CELL])
    line = " ".join(line.split())
    if len(line) > _LONGEST_CELL:
        line = line[: _LONGEST_CELL - 1] + "…"
    return line.translate(_TABLE)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], most: int = MOST_ROWS) -> str:
    """A table of untrusted cells; what is more than `most` rows is counted."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    listed = list(rows)
    lines += [
        "| " + " | ".join(escaped(cell) or " " for cell in row) + " |" for row in listed[:most]
    ]
    if len(listed) > most:
        lines.append(f"\n_and {len(listed) - most} more_")
    return "\n".join(lines) + "\n"
