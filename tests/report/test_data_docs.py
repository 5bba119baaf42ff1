"""The page about tables and events is generated, fresh, whole, and its examples run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness.analysis import RecordedRun, analyse
from harness.recording.events import Event
from harness.recording.samples import TABLES
from harness.report.data_docs import FOUND, columns_of, data_markdown
from harness.report.data_examples import EXAMPLES
from harness.report.tables import tables_of
from tests.recordings import outage, reported

ROOT = Path(__file__).parents[2]
CODE = re.findall(r"```python\n(.*?)```", EXAMPLES, re.DOTALL)


def test_the_committed_page_is_fresh() -> None:
    """`make docs` writes it."""
    committed = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    assert committed == data_markdown(), "run `make docs`"


def test_every_column_of_every_table_is_reported(tmp_path: Path) -> None:
    """As the tables of a real analysis have them."""
    page = data_markdown()
    tables = tables_of(analyse(RecordedRun.load(outage().write(tmp_path))))
    assert set(tables) == {*TABLES, *FOUND}
    for name, frame in tables.items():
        part = page.partition(f"### {name}\n")[2].partition("\n### ")[0]
        told = set(re.findall(r"^\| `([^`…]+)` \|", part, re.MULTILINE))
        keyed = tuple(re.findall(r"^\| `([^`]+)…` \|", part, re.MULTILINE))
        for column in map(str, frame.columns):
            assert column in told or (keyed and column.startswith(keyed)), f"{name}: {column}"


def test_every_event_is_reported() -> None:
    page = data_markdown().partition("## Events")[2]
    for name in filter(None, Event.kinds):
        assert f"| `{name}` |" in page


def test_a_nested_quantile_is_reported_by_its_columns() -> None:
    names = dict(columns_of(FOUND["delay"]))
    assert names["p95_value_s"] == "float, or null"
    assert names["pods"] == "int"


@pytest.mark.parametrize("code", CODE)
def test_an_example_answers_its_question_in_ten_lines(tmp_path: Path, code: str) -> None:
    """In the folder of a run, by a pandas user who knows nothing else."""
    reported(outage().write(tmp_path))
    told = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert re.search(r"\d", told.stdout)
    assert "nan" not in told.stdout.lower()
    lines = [line for line in code.splitlines() if line and not line.startswith("import")]
    assert len(lines) <= 10


def test_there_are_three_examples() -> None:
    assert len(CODE) == 3
