"""Rules that the user gives: patterns of names, platforms."""

import re
from collections.abc import Iterable


def pattern(text: str) -> re.Pattern[str]:
    """A pattern of names: `*` is within one part, `**` any number of parts, `?` one character.

    `*/*` is every name of two parts, `team-*/**` all that a team has.
    """
    parts = re.split(r"(\*\*|\*|\?)", text)
    meant = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meant.get(part) or re.escape(part) for part in parts), re.DOTALL)


def matches_any(name: str, patterns: Iterable[re.Pattern[str]]) -> bool:
    """Whether one of `patterns` matches all of `name`."""
    return any(it.fullmatch(name) for it in patterns)


def missing_platforms(has: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """What of `wanted` no platform in `has` is; `linux/arm64` is also met by `linux/arm64/v8`."""
    offered = set(has)
    offered |= {"/".join(it.split("/")[:2]) for it in offered}
    return [it for it in wanted if it not in offered]
