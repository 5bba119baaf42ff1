"""A YAML file as plain data that knows where each key stands, with overrides put in."""

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from harness.scenario.complaints import Complaint, Path, ScenarioError, dotted, got
from harness.scenario.scalars import scalar

_FILE_BYTES_MAX = 4 << 20
_NODES_MAX = 200_000  # aliases of aliases can make a small file endless
_DEPTH_MAX = 32  # a scenario's deepest value is at 6; an alias within itself has no end
Overrides = Iterable["str | Override"]
_STEP = re.compile(r"[0-9]{1,6}", re.ASCII)


class Override(NamedTuple):
    """A value put at a path of a scenario, as `environment.cluster.nodes`; `place`: who says so."""

    name: str
    value: Any
    place: str


@dataclass(kw_only=True)
class ScenarioDocument:
    """`data` is dicts, lists and scalars; `places` has line and column of each path, from 1.

    `complaints`: keys that stand twice, and what is YAML but has no meaning here.
    """

    file: str
    data: Any
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    overrides: dict[Path, str] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def complaint(self, path: Path, rule: str) -> Complaint:
        """`rule` with the place of `path`."""
        return Complaint(
            place=self._place(path),
            key=dotted(path) or "scenario",
            rule=rule,
            order=self._order(path),
        )

    def _place(self, path: Path) -> str:
        """Where `path` stands; that of the nearest key around it when it stands nowhere."""
        for length in range(len(path), -1, -1):
            if override := self.overrides.get(path[:length]):
                return override
            if position := self.places.get(path[:length]):
                return f"{self.file}:{position[0]}:{position[1]}"
        return f"{self.file}:1:1"

    def _order(self, path: Path) -> tuple[int, int]:
        """Line and column of `path`, for sorting; overrides come first."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.overrides:
                return 0, 0
            if position := self.places.get(path[:length]):
                return position
        return 1, 1


def read_document(file: FilePath, overrides: Overrides) -> ScenarioDocument:
    """Raises ScenarioError for what is no YAML, too large, or an override that fits nowhere."""
    try:
        with file.open("rb") as stream:
            content = stream.read(_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise _refused(str(file), f"cannot be read: {error.strerror}") from None
    if len(content) > _FILE_BYTES_MAX:
        raise _refused(str(file), f"must be at most {_FILE_BYTES_MAX >> 20} MiB")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise _refused(str(file), f"is not UTF-8 text, from byte {error.start} on") from None
    document = read_text(str(file), text)
    override_all(document, overrides)
    return document


def override_all(document: ScenarioDocument, overrides: Overrides) -> None:
    """Put overrides in, those of `--set` as text. Raises ScenarioError for all that fit nowhere."""
    complaints: list[Complaint] = []
    for override in overrides:
        try:
            _put(document, _override(override) if isinstance(override, str) else override)
        except ScenarioError as error:
            complaints += error.complaints
    if complaints:
        raise ScenarioError(complaints)


def read_text(place: str, text: str) -> ScenarioDocument:
    """The document in `text`, which came from `place`. Raises ScenarioError."""
    document = ScenarioDocument(file=place, data=None)
    node = _compose(place, text)
    if node is not None:
        document.data = _Plain(document).convert(node, ())
    return document


def _refused(place: str, rule: str) -> ScenarioError:
    return ScenarioError([Complaint(place=f"{place}:", key="", rule=rule)])


def _compose(place: str, text: str) -> Node | None:
    """The nodes of the YAML in `text`; none when it is empty."""
    yaml = YAML(typ="safe", pure=True)
    yaml.composer.warn_double_anchors = False  # YAML 1.2.2, 3.2.2.2: the last one counts
    try:
        return yaml.compose(io.StringIO(text))  # type: ignore[no-any-return]  # ruamel says Any
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{place}:" if mark is None else f"{place}:{mark.line + 1}:{mark.column + 1}"
        problem = (error.problem or str(error)).splitlines()[0]
        raise ScenarioError(
            [Complaint(place=where, key="", rule=f"is not YAML: {problem}")]
        ) from None
    except RecursionError:
        raise _refused(place, "is nested too deeply") from None
    except (YAMLError, ValueError) as error:
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise _refused(place, f"is not YAML: {first}") from None


class _Plain:
    """Turns YAML nodes into plain data, noting places, and counts them."""

    def __init__(self, document: ScenarioDocument) -> None:
        self._document = document
        self._count = 0

    def convert(self, node: Node, path: Path) -> Any:
        self._count += 1
        if self._count > _NODES_MAX:
            raise _refused(self._document.file, f"must have at most {_NODES_MAX:,} values")
        if len(path) > _DEPTH_MAX:
            raise _refused(self._document.file, f"must be at most {_DEPTH_MAX} levels deep")
        match node:
            case MappingNode():
                return self._mapping(node, path)
            case SequenceNode():
                return [
                    self._placed(item, item, (*path, index))
                    for index, item in enumerate(node.value)
                ]
            case ScalarNode():
                return self._scalar(node, path)
        raise TypeError(f"no kind of YAML node: {node!r}")

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._complain(key, path, "has a key that is no word")
                continue
            word = str(key.value)
            if word in data:
                first = self._document.places[*path, word]
                self._complain(key, (*path, word), f"stands twice, first in line {first[0]}")
                continue
            data[word] = self._placed(key, value, (*path, word))
        return data

    def _placed(self, mark: Node, node: Node, path: Path) -> Any:
        self._document.places[path] = _position(mark)
        return self.convert(node, path)

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        try:
            return scalar(str(node.tag), node.value, plain=node.style is None)
        except ValueError as error:
            self._complain(node, path, f"{error}, got {got(node.value)}")
            return node.value

    def _complain(self, node: Node, path: Path, rule: str) -> None:
        line, column = _position(node)
        self._document.complaints.append(
            Complaint(
                place=f"{self._document.file}:{line}:{column}",
                key=dotted(path) or "scenario",
                rule=rule,
                order=(line, column),
            )
        )


def _position(node: Node) -> tuple[int, int]:
    """Line and column, from 1."""
    mark = node.start_mark
    return mark.line + 1, mark.column + 1


def read_overrides(file: FilePath) -> list[Override]:
    """Those of `file`, a mapping of paths to values. Raises ScenarioError."""
    read = read_document(file, ())
    if not isinstance(read.data, dict):
        raise _refused(str(file), f"must map paths to values, as seed: 7, got {got(read.data)}")
    if read.complaints:
        raise ScenarioError(read.complaints)
    places = {name: "{}:{}:{}".format(file, *read.places[name,]) for name in read.data}
    return [Override(name, value, places[name]) for name, value in read.data.items()]


def _override(text: str) -> Override:
    """That of `--set path=value`; the value is YAML. Raises ScenarioError."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise _refused("--set", f"must be PATH=VALUE, as seed=7, got {text!r}")
    read = read_text(f"--set {name}", value)
    if read.complaints:
        raise ScenarioError(read.complaints)
    return Override(name, read.data, f"--set {text}")


def _put(document: ScenarioDocument, override: Override) -> None:
    """Set one value in the data."""
    words = override.name.replace("[", ".").replace("]", "").split(".")
    if not all(words):
        rule = f"must be a path, as environment.cluster.nodes, got {override.name!r}"
        raise ScenarioError([Complaint(place=f"{override.place}:", key="", rule=rule)])
    path: Path = ()
    holder = document.data
    for number, word in enumerate(words, start=1):
        step = _step(holder, word)
        if step is None:
            rule = f"{word!r} is not in the scenario{_within(holder, path)}"
            raise ScenarioError([Complaint(place=f"{override.place}:", key="", rule=rule)])
        path = (*path, step)
        if number == len(words):
            holder[step] = override.value
        elif isinstance(holder, dict) and holder.get(step) is None:
            holder[step] = {}
        holder = holder[step]
    document.overrides[path] = override.place


def _step(holder: Any, word: str) -> str | int | None:
    """`word` as a key of a mapping or a place in a list; None when it is neither."""
    if isinstance(holder, dict):
        return word
    if isinstance(holder, list) and _STEP.fullmatch(word) and int(word) < len(holder):
        return int(word)
    return None


def _within(holder: Any, path: Path) -> str:
    if isinstance(holder, list):
        return f": {dotted(path) or 'it'} is a list of {len(holder)}, counted from 0"
    return f": {dotted(path) or 'it'} is no mapping"
