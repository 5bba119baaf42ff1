"""The runs of one suite in one table: fault by fault, repeats as medians, in each format."""

import csv
import io
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Final
from urllib.parse import quote

from harness.analysis.pod_findings import QuantileFinding
from harness.report.files import put
from harness.report.markdown_table import table
from harness.report.suite_page import SuiteLine, suite_page
from harness.report.suite_rows import RunRow, SuiteRow, rows_of, suite_rows
from harness.report.tables import sheet_cell
from harness.report.text import one_line
from harness.report.words import NONE, quantile_text, seconds

_HEAD: Final = (
    *("Scenario", "Fault", "Runs", "Took", "Pods", "Delay p50", "p95", "p99"),
    *("Recovery", "Affected", "Verdict"),
)
_NUMBERS: Final = frozenset(_HEAD) - {"Scenario", "Fault", "Verdict"}
_MOST_ROWS: Final = 1000
_NOTE: Final = (
    "Numbers are medians of the runs (the repeats of a scenario). Delays are of pods created while "
    "the fault was active, including pods that never became Ready. Affected: requests, DNS queries "
    "or connections that the fault affected. Took: one run."
)


def write_suite(suite: Path, runs: Sequence[Path]) -> list[SuiteRow]:
    """Write suite.json, .csv, .md and .html of the run folders into `suite`.

    The CSV has a line for each run, the others one for all repeats of a scenario. Raises OSError
    when they cannot be written.
    """
    suite.mkdir(parents=True, exist_ok=True)
    each = [row for run in runs for row in rows_of(run, os.path.relpath(run, suite))]
    rows = suite_rows(each)
    put(suite / "suite.json", json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    put(suite / "suite.csv", _csv(each))
    put(suite / "suite.md", suite_markdown(rows))
    put(suite / "suite.html", _page(rows, suite))
    return rows


def cells(row: SuiteRow) -> tuple[str, ...]:
    """A row as people read it, under its head."""
    delays = (_delay(row, name) for name in ("p50", "p95", "p99"))
    recovery = (
        f"{row.pods_never_ready:,} never" if row.pods_never_ready else seconds(row.recovery_s)
    )
    bites = NONE if row.bites is None else f"{row.bites:,}"
    return (
        *(row.scenario, row.fault or NONE, f"{row.repeats:,}", seconds(row.duration_s)),
        *(f"{row.pods:,}", *delays, recovery, bites, verdict_text(row)),
    )


def verdict_text(row: SuiteRow) -> str:
    """`pass`, `pass, regression`, or of repeats that do not agree `fail (1 fail, 4 pass)`."""
    regression = ", regression" if row.compared == "regression" else ""
    if len(row.verdicts) == 1:
        return row.verdict + regression
    worst_first = sorted(row.verdicts.items(), key=lambda one: one[0] != row.verdict)
    each = ", ".join(f"{count} {word}" for word, count in worst_first)
    return f"{row.verdict} ({each}){regression}"


def _delay(row: SuiteRow, name: str) -> str:
    return quantile_text(
        QuantileFinding(
            value_s=getattr(row, f"delay_{name}_s"),
            more_than_s=getattr(row, f"delay_{name}_more_than_s"),
            low_s=None,
            high_s=None,
        )
    )


def suite_text(rows: Sequence[SuiteRow]) -> str:
    """The table for a terminal: plain, aligned; then how long all runs took."""
    lines = [_HEAD, *(tuple(map(one_line, cells(row))) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    aligned = ["  ".join(_aligned(line, widths)).rstrip() for line in lines]
    return "\n".join([*aligned, total_text(rows)])


def total_text(rows: Sequence[SuiteRow]) -> str:
    """`3 scenarios, 6 runs, 48.1 s: 5 pass, 1 fail`."""
    runs = {run.folder: run for row in rows for run in row.runs}
    scenarios = len({row.key for row in rows})
    took_s = sum(run.duration_s or 0.0 for run in runs.values())
    counts: dict[str, int] = {}
    for run in runs.values():
        counts[run.verdict] = counts.get(run.verdict, 0) + 1
    said = ", ".join(f"{count} {one_line(word)}" for word, count in counts.items())
    worse = len({row.key for row in rows if row.compared == "regression"})
    said += f"; {worse} regression{'s' if worse != 1 else ''}" if worse else ""
    return (
        f"{scenarios} scenario{'s' if scenarios != 1 else ''}, "
        f"{len(runs)} run{'s' if len(runs) != 1 else ''}, {seconds(took_s)}: {said}"
    )


def _aligned(line: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for cell, width, head in zip(line, widths, _HEAD, strict=True):
        yield cell.rjust(width) if head in _NUMBERS else cell.ljust(width)


def _csv(rows: Sequence[RunRow]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(RunRow))
    writer.writerows([sheet_cell(value) for value in asdict(row).values()] for row in rows)
    return text.getvalue()


def suite_markdown(rows: Sequence[SuiteRow]) -> str:
    """The table, what it came to, and what its columns mean."""
    return (
        f"# Suite\n\n{total_text(rows)}.\n\n{table(_HEAD, map(cells, rows), _MOST_ROWS)}\n{_NOTE}\n"
    )


def _page(rows: Sequence[SuiteRow], suite: Path) -> str:
    how_much, _, verdicts = total_text(rows).partition(": ")
    return suite_page([_line(row, suite) for row in rows], _HEAD, _NOTE, (how_much, verdicts))


def _line(row: SuiteRow, suite: Path) -> SuiteLine:
    """A row and the pages of its runs, as seen from the suite."""
    links = []
    for run in row.runs:
        page = Path(run.folder) / "report.html"
        link = quote(page.as_posix()) if (suite / page).exists() else ""
        links.append((run.folder, run.verdict, link))
    verdict = "fail" if row.compared == "regression" else row.verdict
    return SuiteLine(cells=cells(row), verdict=verdict, runs=tuple(links))
