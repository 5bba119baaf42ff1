"""Changes to the index: the record first, then the change, then both undone."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.environment.stored_index import StoredIndex
from harness.process.child import ChildError
from harness.process.journal import Journal, pending

CHANGE = {"do": "hide", "name": "app"}
UNDO = {"do": "show", "name": "app"}


@dataclass
class Process:
    """Stands for the registry's process: what it was asked, and what was in the journal then."""

    journal: Path
    alive: bool = True
    asked: list[tuple[str, Any, int]] = field(default_factory=list)

    async def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        if not self.alive:
            raise ChildError("registry: its process has ended")
        self.asked.append((do, fields["changes"], len(pending(self.journal))))
        return {"undo": [UNDO]}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    written = Journal(tmp_path / "journal.jsonl")
    yield written
    written.close()


def test_nothing_is_changed_before_its_record(tmp_path: Path, journal: Journal) -> None:
    """And the record is crossed out after the undo."""
    process = Process(tmp_path / "journal.jsonl")

    async def main() -> None:
        async with StoredIndex(tmp_path, journal, process).changed([CHANGE]):
            (record,) = pending(tmp_path / "journal.jsonl")
            assert record["undo"] == {"kind": "change_index", "changes": [UNDO]}

    asyncio.run(main())
    assert process.asked == [
        ("undo_of", [CHANGE], 0),
        ("change_index", [CHANGE], 1),
        ("change_index", [UNDO], 1),
    ]
    assert pending(tmp_path / "journal.jsonl") == []


@pytest.mark.parametrize("alive", [True, False])
def test_a_process_that_has_ended_left_its_file(
    tmp_path: Path, journal: Journal, *, alive: bool
) -> None:
    """One that lives and does not answer is an error, and its record stays for `recover`."""
    path = tmp_path / "index.jsonl"
    path.write_text("")
    process = Process(tmp_path / "journal.jsonl")

    async def silent(*_: Any, **__: Any) -> dict[str, Any]:
        raise ChildError("registry: no answer")

    async def main() -> None:
        async with StoredIndex(tmp_path, journal, process).changed([CHANGE]):
            process.alive = alive
            process.ask = silent  # type: ignore[method-assign]  # it answers no more

    if alive:
        with pytest.raises(ChildError, match="no answer"):
            asyncio.run(main())
        assert len(pending(tmp_path / "journal.jsonl")) == 1
    else:
        asyncio.run(main())
        assert path.read_text() == '{"do": "show", "name": "app"}\n'
        assert pending(tmp_path / "journal.jsonl") == []
