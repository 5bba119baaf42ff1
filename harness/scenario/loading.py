"""From a file to a `Scenario`: models first, then what only the whole can tell."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from harness.faults import Fault, catalogue
from harness.scenario.checks import check_whole
from harness.scenario.complaints import Complaint, Path, ScenarioError, got
from harness.scenario.document import (
    Overrides,
    ScenarioDocument,
    override_all,
    read_document,
    read_text,
)
from harness.scenario.fault_checks import Faults, where_fits
from harness.scenario.fault_suggestions import fault_meant
from harness.scenario.model import FaultEntry, Occurrence, ScenarioBody
from harness.scenario.salvage import salvage
from harness.scenario.words import rule_of

Model = TypeVar("Model", bound=BaseModel)

_TIMES = frozenset(FaultEntry.KEYS) - {"where"}


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A scenario that holds together. `document`: the text that it was read from."""

    body: ScenarioBody
    faults: tuple[FaultEntry, ...]
    document: ScenarioDocument = field(compare=False, repr=False)

    @property
    def seed(self) -> int:
        return self.body.seed


def load(file: FilePath, overrides: Overrides = (), *, any_nodes: bool = False) -> Scenario:
    """The scenario in `file`, with overrides put in first, those of `--set` as `path=value`.

    `any_nodes`: more than the provider can have are right, because on_nodes will change them.
    Raises ScenarioError with every complaint, each as `file:line:col key: rule, got value`.
    """
    return _scenario(read_document(file, overrides), any_nodes=any_nodes)


def load_text(place: str, text: str, overrides: Overrides = ()) -> Scenario:
    """The scenario in `text`, which came from `place`. Raises ScenarioError."""
    document = read_text(place, text)
    override_all(document, overrides)
    return _scenario(document)


def _scenario(document: ScenarioDocument, *, any_nodes: bool = False) -> Scenario:
    if not isinstance(document.data, dict):
        rule = f"must be a mapping with name, images, load and faults, got {got(document.data)}"
        raise ScenarioError([document.complaint((), rule)])
    reader = _Reader(document)
    data = dict(document.data)
    entries = data.pop("faults", None)
    body = reader.model(ScenarioBody, data, ())
    faults = reader.faults([] if entries is None else entries)
    whole = body or salvage(ScenarioBody, data)
    if whole is not None:
        reader.tell_once(check_whole(whole, faults, any_nodes=any_nodes))
    if reader.complaints or body is None:
        raise ScenarioError(sorted(reader.complaints, key=lambda it: it.order))
    return Scenario(body=body, faults=faults.entries, document=document)


def read_held_fault(text: str, nodes: int) -> FaultEntry:
    """The fault of `harness up --fault TEXT`: `latency: {delay: 200ms}`, with `where` if wanted.

    `nodes`: how many there are. Raises ScenarioError.
    """
    document = read_text("--fault", text)
    reader = _Reader(document)
    data = document.data
    if isinstance(data, dict):
        for key in _TIMES & data.keys():
            reader.complain((key,), "has no place here: the fault is on until the end")
        data = {key: data[key] for key in data.keys() - _TIMES} | {"at": "0s", "for": "1s"}
    faults = reader.faults([data], ())
    for _, entry in (*faults.right, *faults.salvaged):
        reader.tell_once(where_fits(entry, nodes, ("where",)))
    if reader.complaints:
        raise ScenarioError(reader.complaints)
    return faults.entries[0]


class _Reader:
    """Validates parts of a document and gathers what is wrong."""

    def __init__(self, document: ScenarioDocument) -> None:
        self._document = document
        self.complaints: list[Complaint] = list(document.complaints)
        self._wrong: list[Path] = []

    def complain(self, path: Path, rule: str) -> None:
        self.complaints.append(self._document.complaint(path, rule))
        self._wrong.append(path)

    def tell_once(self, problems: Iterable[tuple[Path, str]]) -> None:
        """Complain of what only the whole can tell, but not where a part was wrong already."""
        wrong = tuple(self._wrong)
        for path, rule in problems:
            if not any(path[: len(seen)] == seen for seen in wrong):
                self.complain(path, rule)

    def model(self, kind: type[Model], data: Any, at: Path) -> Model | None:
        """`data` as `kind`, or complaints."""
        try:
            return kind.model_validate(data)
        except ValidationError as error:
            for problem in error.errors(include_url=False):
                path, rule = rule_of(problem, kind, at)
                self.complain(path, rule)
            return None

    def faults(self, entries: Any, at: Path | None = None) -> Faults:
        """The entries of a list; `at`: where the only one stands, when it is in no list."""
        faults = Faults()
        if not isinstance(entries, list):
            self.complain(("faults",), f"must be a list, got {got(entries)}")
            return faults
        for index, entry in enumerate(entries):
            self._add(faults, index, entry, ("faults", index) if at is None else at)
        return faults

    def _add(self, faults: Faults, index: int, entry: Any, at: Path) -> None:
        if not isinstance(entry, dict):
            self.complain(at, f"must be a mapping of a fault, at and for, got {got(entry)}")
            return
        timing = {key: entry[key] for key in entry if key in FaultEntry.KEYS}
        occurrence = self.model(Occurrence, timing, at)
        word = self._word(entry, at)
        if word is None:
            return
        faults.words.append(word)
        kind, settings = catalogue()[word], {} if entry[word] is None else entry[word]
        fault = self.model(kind, settings, (*at, word))
        if fault is not None and occurrence is not None:
            faults.right.append((index, FaultEntry(word=word, fault=fault, occurrence=occurrence)))
        elif salvaged := _salvaged(word, kind, settings, timing):
            faults.salvaged.append((index, salvaged))

    def _word(self, entry: dict[str, Any], at: Path) -> str | None:
        """The one fault that `entry` names, or complaints."""
        known = catalogue()
        words = [key for key in entry if key not in FaultEntry.KEYS]
        wrong = [word for word in words if word not in known]
        for word in wrong:
            meant = fault_meant(word, also=FaultEntry.KEYS)
            hint = f"did you mean {meant}?" if meant else "`harness faults` lists them"
            self.complain((*at, word), f"is neither a fault nor a key of one, {hint}")
        if wrong:
            return None
        if len(words) != 1:
            self.complain(at, f"must name exactly one fault, got {', '.join(words) or 'none'}")
            return None
        return words[0]


def _salvaged(word: str, kind: type[Fault], settings: Any, timing: Any) -> FaultEntry | None:
    fault, occurrence = salvage(kind, settings), salvage(Occurrence, timing)
    if fault is None or occurrence is None:
        return None
    return FaultEntry(word=word, fault=fault, occurrence=occurrence)
