"""The runs of one suite in one table: fault by fault, with deployment delay and recovery.

It is made from the folders of the runs, so one that came to nothing has its line, too.
"""

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from harness.analysis.pod_findings import QuantileFinding
from harness.recording.events import RunEnded
from harness.recording.outcome import ExitCode, Verdict
from harness.recording.recording import read_events
from harness.report.files import put
from harness.report.markdown import table
from harness.report.suite_page import SuiteLine, suite_page
from harness.report.tables import sheet_cell
from harness.report.text import one_line
from harness.report.words import NONE, quantile_text, seconds

_HEAD: Final = (
    *("Scenario", "Fault", "Pods", "Delay p50", "p95", "p99"),
    *("Recovery", "Affected", "Verdict"),
)
_NUMBERS: Final = frozenset({"Pods", "Delay p50", "p95", "p99", "Recovery", "Affected"})
_MOST_ROWS: Final = 1000


@dataclass(frozen=True, kw_only=True)
class SuiteRow:
    """One fault of one run; `fault` "" is the whole of a run without faults.

    Delays are those of pods created while it was on: null is "no pod", or, with
    `delay_*_more_than_s` set, somewhere beyond that. `recovery_s`: the longest from the removal of
    a fault to the last waiting pod Ready, null for never or not known. `bites` null: not injected.
    `verdict` is the run's: pass, fail, inconclusive, aborted, or how a run without findings ended.
    `folder` is that of the run, relative to the suite's.
    """

    scenario: str
    run_id: str
    fault: str
    pods: int
    delay_p50_s: float | None
    delay_p50_more_than_s: float | None
    delay_p95_s: float | None
    delay_p95_more_than_s: float | None
    delay_p99_s: float | None
    delay_p99_more_than_s: float | None
    recovery_s: float | None
    pods_never_ready: int
    bites: int | None
    verdict: str
    exit_code: int | None
    folder: str


def write_suite(suite: Path, runs: Sequence[Path]) -> list[SuiteRow]:
    """Write suite.json, .csv, .md and .html of the run folders into `suite`.

    Raises OSError when they cannot be written.
    """
    suite.mkdir(parents=True, exist_ok=True)
    rows = [row for run in runs for row in rows_of(run, os.path.relpath(run, suite))]
    put(suite / "suite.json", json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    put(suite / "suite.csv", _csv(rows))
    put(suite / "suite.md", _markdown(rows))
    put(suite / "suite.html", suite_page([_line(row, suite) for row in rows]))
    return rows


def rows_of(run: Path, folder: str) -> list[SuiteRow]:
    """The lines of one run, whatever became of it; `folder` is what they call it."""
    findings: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        findings = json.loads((run / "findings.json").read_text(encoding="utf-8"))
    if not findings:
        return [_without_findings(run, folder)]
    verdict = Verdict(findings["verdict"]).value
    if findings["exit_code"] == ExitCode.ABORTED:
        verdict = "aborted"
    about = {
        "scenario": findings["run"]["scenario"],
        "run_id": findings["run"]["run_id"],
        "verdict": verdict,
        "exit_code": findings["exit_code"],
        "folder": folder,
    }
    names = list(dict.fromkeys(one["fault"] for one in findings["faults"]))
    return [_row(findings, name, about) for name in names or [""]]


def _row(findings: Mapping[str, Any], fault: str, about: Mapping[str, Any]) -> SuiteRow:
    group = ("fault", fault) if fault else ("all", "all")
    delay: Mapping[str, Any] = next(
        (
            one
            for one in findings["delay"]
            if (one["group"], one["name"]) == group and one["population"] == "all"
        ),
        {},
    )
    quantiles = {
        f"delay_{name}_{key}": delay.get(name, {}).get(known)
        for name in ("p50", "p95", "p99")
        for key, known in (("s", "value_s"), ("more_than_s", "more_than_s"))
    }
    recoveries = [one for one in findings["recovery"] if one["fault"] == fault]
    waits = [one["recovery_wait_s"] for one in recoveries]
    bites = [one["bites"] for one in findings["faults"] if one["fault"] == fault]
    return SuiteRow(
        fault=fault,
        pods=delay.get("pods", 0),
        recovery_s=max(waits) if waits and None not in waits else None,
        pods_never_ready=max((one["pods_never_ready"] for one in recoveries), default=0),
        bites=None if None in bites or not bites else sum(bites),
        **quantiles,
        **about,
    )


def _without_findings(run: Path, folder: str) -> SuiteRow:
    """A run that was not judged: how it ended, as its recording says."""
    about: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        about = json.loads((run / "run.json").read_text(encoding="utf-8"))
    ends = [event for event in read_events(run).events if isinstance(event, RunEnded)]
    known = {
        "scenario": str(about.get("scenario", run.parent.name)),
        "run_id": str(about.get("run_id", "")),
        "verdict": ends[-1].reason if ends else "not ended",
        "folder": folder,
    }
    nothing = {field.name: None for field in fields(SuiteRow)} | {"fault": "", "pods": 0}
    return SuiteRow(**(nothing | {"pods_never_ready": 0} | known))  # type: ignore[arg-type]


def cells(row: SuiteRow) -> tuple[str, ...]:
    """A row as people read it, under `HEAD`."""
    delays = (_delay(row, name) for name in ("p50", "p95", "p99"))
    recovery = (
        f"{row.pods_never_ready:,} never" if row.pods_never_ready else seconds(row.recovery_s)
    )
    bites = NONE if row.bites is None else f"{row.bites:,}"
    return (row.scenario, row.fault or NONE, f"{row.pods:,}", *delays, recovery, bites, row.verdict)


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
    """The table for a terminal: plain, aligned."""
    lines = [_HEAD, *(tuple(map(one_line, cells(row))) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    return "\n".join("  ".join(_aligned(line, widths)).rstrip() for line in lines)


def _aligned(line: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for cell, width, head in zip(line, widths, _HEAD, strict=True):
        yield cell.rjust(width) if head in _NUMBERS else cell.ljust(width)


def _csv(rows: Sequence[SuiteRow]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(SuiteRow))
    writer.writerows([sheet_cell(value) for value in asdict(row).values()] for row in rows)
    return text.getvalue()


def _markdown(rows: Sequence[SuiteRow]) -> str:
    note = (
        "\nDelays are of pods created while the fault was active, including pods that never became "
        "Ready. Affected: requests, DNS queries or connections that the fault affected.\n"
    )
    return "# Suite\n\n" + table(_HEAD, map(cells, rows), _MOST_ROWS) + note


def _line(row: SuiteRow, suite: Path) -> SuiteLine:
    page = Path(row.folder) / "report.html"  # as seen from the suite
    link = quote(page.as_posix()) if (suite / page).exists() else ""
    return SuiteLine(cells=cells(row), verdict=row.verdict, run=row.folder, link=link)
