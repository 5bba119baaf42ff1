"""The facts of one run as they happen: `events.jsonl`, one line each, and back."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.recording.events import Event, parse

EVENTS_FILE = "events.jsonl"

Watcher = Callable[[Event], None]


class RecordingError(Exception):
    """The disk refused a fact; the message names the file and the reason."""


class Recording:
    """Appends events to a run folder and shows each to the watchers."""

    def __init__(self, folder: Path, watchers: tuple[Watcher, ...] = ()) -> None:
        self._path = folder / EVENTS_FILE
        self._file = self._path.open("a", encoding="utf-8", buffering=1)
        self._watchers = watchers

    def __call__(self, event: Event) -> None:
        """Write `event` down, then tell the watchers. Raises RecordingError on a full disk."""
        try:
            self._file.write(event.line() + "\n")
        except OSError as error:
            raise RecordingError(f"{self._path}: cannot be written: {error.strerror}") from error
        for watch in self._watchers:
            watch(event)

    def close(self) -> None:
        """Close the file; what the disk refused has been reported already."""
        try:
            self._file.close()
        except OSError as error:
            raise RecordingError(f"{self._path}: cannot be written: {error.strerror}") from error


@dataclass(frozen=True, kw_only=True)
class RecordedEvents:
    """What was read, and a sentence for each line that was not an event."""

    events: tuple[Event, ...]
    problems: tuple[str, ...]


def read_events(folder: Path) -> RecordedEvents:
    """The events of a run folder, whole lines only; a missing file is an empty recording."""
    path = folder / EVENTS_FILE
    if not path.exists():
        return RecordedEvents(events=(), problems=(f"{path.name}: missing",))
    events: list[Event] = []
    problems: list[str] = []
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            try:
                events.append(parse(line))
            except ValueError:
                problems.append(f"{path.name}:{number}: not an event: {line[:80].strip()!r}")
    return RecordedEvents(events=tuple(events), problems=tuple(problems))
