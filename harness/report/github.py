"""What a job on GitHub shows of its runs: a step summary, and annotations at the scenario files."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from harness.report.comparison import name_of, read_comparison, sentence
from harness.report.markdown import MOST_BYTES
from harness.report.text import one_line

MOST_ANNOTATIONS: Final = 10  # GitHub drops what is more: ten of a kind in a step
_CUT: Final = "\n_Truncated; the rest is in the reports of this job._\n"
_MESSAGE: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = _MESSAGE | str.maketrans({":": "%3A", ",": "%2C"})


def step_summary(runs: Sequence[Path], suite: Path | None) -> str:
    """The suite's table, then the page of each run folder, as Markdown of at most 64 KiB."""
    pages = [] if suite is None else [suite / "suite.md"]
    summary = ""
    for path in (*pages, *(run / "report.md" for run in runs)):
        try:
            page = path.read_text(encoding="utf-8")
        except OSError:  # a run that came to nothing has none
            continue
        if len((summary + page + _CUT).encode()) > MOST_BYTES:
            return summary + _CUT
        summary += page + "\n"
    return summary


def annotations(runs: Sequence[tuple[Path, Path]]) -> list[str]:
    """Workflow commands for the worst of all (scenario file, run folder): errors come first."""
    found = [one for scenario, folder in runs for one in _of_run(scenario, folder)]
    found.sort(key=lambda line: not line.startswith("::error"))
    if len(found) > MOST_ANNOTATIONS:
        more = len(found) - MOST_ANNOTATIONS + 1
        found[MOST_ANNOTATIONS - 1 :] = [
            f"::notice title=harness::and {more} more in the reports of this job"
        ]
    return found


def _of_run(scenario: Path, folder: Path) -> Iterator[str]:
    findings: Mapping[str, Any] = {}
    with suppress(OSError, ValueError):
        findings = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    if not findings:
        yield _command(
            "error",
            scenario,
            "no findings: the environment could not be set up, or the run was stopped",
        )
        return
    for reason in findings["reasons"]:
        kind = "error" if reason["kind"] in {"expectation_failed", "aborted"} else "warning"
        yield _command(kind, scenario, reason["text"])
    comparison = read_comparison(folder)
    for one in comparison.regressed if comparison else ():
        yield _command("error", scenario, f"regression of {name_of(one)}: {sentence(one)}")


def _command(kind: str, scenario: Path, text: str) -> str:
    title, place = (
        _escaped(f"harness: {scenario.stem}", _PROPERTY),
        _escaped(str(scenario), _PROPERTY),
    )
    return f"::{kind} file={place},line=1,title={title}::{_escaped(text, _MESSAGE)}"


def _escaped(text: str, table: Mapping[int, str]) -> str:
    return one_line(text).translate(table)
