"""A YAML file as plain data that knows where each key stands, with overrides put in."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from harness.scenario.complaints import Complaint, Path, ScenarioError

_FILE_BYTES_MAX = 4 << 20
_NODES_MAX = 200_000  # aliases of aliases can make a small file endless


@dataclass(kw_only=True)
class Document:
    """`data` is dicts, lists and scalars; `places` has line and column of each path, from 1."""

    file: str
    data: Any
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    overrides: dict[Path, str] = field(default_factory=dict)

    def place(self, path: Path) -> str:
        """Where `path` stands; that of the nearest key around it when it stands nowhere."""
        for length in range(len(path), -1, -1):
            if override := self.overrides.get(path[:length]):
                return f"--set {override}"
            if position := self.places.get(path[:length]):
                return f"{self.file}:{position[0]}:{position[1]}"
        return f"{self.file}:1:1"

    def order(self, path: Path) -> tuple[int, int]:
        """Line and column of `path`, for sorting; overrides come first."""
        if any(self.overrides.get(path[:length]) for length in range(len(path) + 1)):
            return 0, 0
        return next(
            (
                self.places[path[:length]]
                for length in range(len(path), -1, -1)
                if path[:length] in self.places
            ),
            (1, 1),
        )


def read_document(file: FilePath, overrides: Iterable[str]) -> Document:
    """Raises ScenarioError for what is no YAML, too large, or an override that fits nowhere."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise _refused(str(file), "is not UTF-8 text") from None
    except OSError as error:
        raise _refused(str(file), f"cannot be read: {error.strerror}") from None
    if len(text) > _FILE_BYTES_MAX:
        raise _refused(str(file), f"must be at most {_FILE_BYTES_MAX >> 20} MiB")
    document = read_text(str(file), text)
    override_all(document, overrides)
    return document


def override_all(document: Document, overrides: Iterable[str]) -> None:
    """Put `path=value` overrides in. Raises ScenarioError for one that fits nowhere."""
    for override in overrides:
        _put(document, override)


def read_text(place: str, text: str) -> Document:
    """The document in `text`, which came from `place`. Raises ScenarioError."""
    document = Document(file=place, data=None)
    document.data = _Plain(document).convert(_parse(place, text), ())
    return document


def _refused(place: str, rule: str) -> ScenarioError:
    return ScenarioError([Complaint(place=f"{place}:", key="", rule=rule)])


def _parse(place: str, text: str) -> Any:
    try:
        return YAML(typ="rt", pure=True).load(io.StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if mark is not None:
            place = f"{place}:{mark.line + 1}:{mark.column + 1}"
        problem = (error.problem or str(error)).splitlines()[0]
        raise ScenarioError(
            [Complaint(place=place, key="", rule=f"is no YAML: {problem}")]
        ) from None
    except (YAMLError, ValueError, RecursionError) as error:
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise _refused(place, f"is no YAML: {first}") from None


class _Plain:
    """Turns ruamel's nodes into plain data, noting places, and counts them."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._count = 0

    def convert(self, node: Any, path: Path) -> Any:
        self._count += 1
        if self._count > _NODES_MAX:
            raise _refused(self._document.file, f"must have at most {_NODES_MAX} values")
        if isinstance(node, CommentedMap):
            return {str(key): self._child(node.lc.key(key), path, key, node[key]) for key in node}
        if isinstance(node, CommentedSeq):
            return [
                self._child(node.lc.item(index), path, index, node[index])
                for index in range(len(node))
            ]
        return _scalar(node)

    def _child(self, position: tuple[int, int], path: Path, key: Any, node: Any) -> Any:
        here = (*path, key if isinstance(key, int) else str(key))
        self._document.places[here] = (position[0] + 1, position[1] + 1)
        return self.convert(node, here)


def _scalar(node: Any) -> Any:
    """Plain types: ruamel's own remember how they were written."""
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node if node is None else str(node)


def _put(document: Document, override: str) -> None:
    """Set one `path=value` in the data; the value is YAML."""
    name, equals, text = override.partition("=")
    steps: list[str | int] = [
        int(step) if step.isdigit() else step
        for step in name.replace("[", ".").replace("]", "").split(".")
    ]
    if not equals or not name:
        raise _refused("--set", f"must be PATH=VALUE, got {override!r}")
    value = read_text(f"--set {name}", text).data
    holder = document.data
    for index, step in enumerate(steps):
        if not _fits(holder, step):
            raise _refused(f"--set {override}", f"{step!r} is not in the scenario")
        if index == len(steps) - 1:
            holder[step] = value
        else:
            if isinstance(holder, dict):
                holder.setdefault(step, {})
            holder = holder[step]
    document.overrides[tuple(steps)] = override


def _fits(holder: Any, step: str | int) -> bool:
    if isinstance(holder, Mapping):
        return isinstance(step, str)
    return isinstance(holder, list) and isinstance(step, int) and step < len(holder)
