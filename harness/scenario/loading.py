"""From a file to a `Scenario`: models first, then what only the whole can tell."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from harness.faults import catalogue
from harness.scenario.checks import check_whole, where_fits
from harness.scenario.complaints import Complaint, Path, ScenarioError, did_you_mean, dotted, got
from harness.scenario.document import Document, override_all, read_document, read_text
from harness.scenario.model import FaultEntry, Occurrence, ScenarioBody
from harness.scenario.salvage import salvage
from harness.scenario.wording import rule_of

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A scenario that holds together."""

    body: ScenarioBody
    faults: tuple[FaultEntry, ...]

    @property
    def seed(self) -> int:
        return self.body.seed


def load(file: FilePath, overrides: Iterable[str] = ()) -> Scenario:
    """The scenario in `file`, with `path=value` overrides put in first.

    Raises ScenarioError with every complaint, each as `file:line:col key: rule, got value`.
    """
    scenario = _scenario(read_document(file, overrides))
    if scenario.body.name != file.stem and file.suffix == ".yaml":
        rule = f"must be the file's name, {file.stem}, got {got(scenario.body.name)}"
        raise ScenarioError([Complaint(place=str(file), key="name", rule=rule)])
    return scenario


def load_text(place: str, text: str, overrides: Iterable[str] = ()) -> Scenario:
    """The scenario in `text`, which came from `place`. Raises ScenarioError."""
    document = read_text(place, text)
    override_all(document, overrides)
    return _scenario(document)


def _scenario(document: Document) -> Scenario:
    if not isinstance(document.data, dict):
        rule = f"must be a mapping with name, images, load and faults, got {got(document.data)}"
        raise ScenarioError([Complaint(place=document.place(()), key="scenario", rule=rule)])
    reader = _Reader(document)
    data = dict(document.data)
    entries = data.pop("faults", None) or []
    body = reader.model(ScenarioBody, data, ())
    faults = tuple(reader.fault_entries(entries))
    reader.check_whole(body or salvage(ScenarioBody, data), faults)
    if reader.complaints or body is None:
        raise ScenarioError(sorted(reader.complaints, key=lambda it: it.order))
    return Scenario(body=body, faults=tuple(fault for _, fault in faults))


def read_held_fault(text: str, nodes: int) -> FaultEntry:
    """The fault of `harness up --fault TEXT`: `latency: {delay: 200ms}`, with `where` if wanted.

    `nodes`: how many there are. Raises ScenarioError.
    """
    document = read_text("--fault", text)
    entry = document.data
    if isinstance(entry, dict):
        entry = {**entry, "at": "0s", "for": "1s"}
    reader = _Reader(document)
    faults = [fault for _, fault in reader.fault_entries([entry])]
    for fault in faults:
        for path, rule in where_fits(fault, nodes, ("where",)):
            reader.complain(path, rule)
    if reader.complaints:
        raise ScenarioError(reader.complaints)
    return faults[0]


class _Reader:
    """Validates parts of a document and gathers what is wrong."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.complaints: list[Complaint] = []
        self._wrong: list[Path] = []

    def complain(self, path: Path, rule: str) -> None:
        place, order = self._document.place(path), self._document.order(path)
        key = dotted(path) or "scenario"
        self.complaints.append(Complaint(place=place, key=key, rule=rule, order=order))
        self._wrong.append(path)

    def check_whole(
        self, body: ScenarioBody | None, faults: tuple[tuple[int, FaultEntry], ...]
    ) -> None:
        """Complain of what only the whole can tell, but not twice of one place."""
        if body is None:
            return
        wrong = tuple(self._wrong)
        for path, rule in check_whole(body, faults):
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

    def fault_entries(self, entries: Any) -> Iterator[tuple[int, FaultEntry]]:
        """The entries that are right, with their index."""
        if not isinstance(entries, list):
            self.complain(("faults",), f"must be a list, got {got(entries)}")
            return
        for index, entry in enumerate(entries):
            fault = self._fault_entry(entry, ("faults", index))
            if fault is not None:
                yield index, fault

    def _fault_entry(self, entry: Any, at: Path) -> FaultEntry | None:
        known = catalogue()
        if not isinstance(entry, dict):
            self.complain(at, f"must be a mapping of a fault, at and for, got {got(entry)}")
            return None
        words = [key for key in entry if key not in FaultEntry.KEYS]
        wrong = [word for word in words if word not in known]
        for word in wrong:
            hint = did_you_mean(word, (*known, *FaultEntry.KEYS))
            self.complain((*at, word), f"is neither a fault nor a key of one{hint}")
        if wrong:
            return None
        if len(words) != 1:
            self.complain(at, f"must name exactly one fault, got {', '.join(words) or 'none'}")
            return None
        timing = {key: entry[key] for key in entry if key in FaultEntry.KEYS}
        occurrence = self.model(Occurrence, timing, at)
        fault = self.model(known[words[0]], entry[words[0]] or {}, (*at, words[0]))
        if occurrence is None or fault is None:
            return None
        return FaultEntry(word=words[0], fault=fault, occurrence=occurrence)
