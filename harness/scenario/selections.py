"""`0-3,7`: which nodes, which layers."""

import re

from harness.load.orders import CLIENTS_NODE

_PART = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")


def numbers(text: str, limit: int, what: str) -> tuple[int, ...]:
    """The numbers below `limit` that `text` selects, in order. Raises ValueError with the rule."""
    chosen: set[int] = set()
    for part in text.replace(" ", "").split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"must be numbers and ranges of {what}, as 0-3,7, got {part!r}")
        first, last = int(match[1]), int(match[2] or match[1])
        if first > last or last >= limit:
            raise ValueError(f"must be among the {what} 0-{limit - 1}, got {part!r}")
        chosen.update(range(first, last + 1))
    return tuple(sorted(chosen))


def node_names(text: str | None, nodes: int) -> tuple[str, ...]:
    """Names of the nodes that `text` selects; none for None. Raises ValueError with the rule."""
    if text is None:
        return ()
    parts = text.replace(" ", "").split(",")
    clients = [CLIENTS_NODE] if CLIENTS_NODE in parts else []
    rest = ",".join(part for part in parts if part != CLIENTS_NODE)
    chosen = numbers(rest, nodes, "nodes") if rest else ()
    return (*(node_name(number) for number in chosen), *clients)


def node_name(number: int) -> str:
    """The name of the node with this number."""
    return f"node-{number}"
