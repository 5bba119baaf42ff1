"""What a job on GitHub shows of its runs: a step summary, and annotations at the scenario files."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.analysis.run_figures import group_of
from harness.report.comparison import name_of, read_comparison, sentence
from harness.report.markdown import MOST_BYTES
from harness.report.markdown_table import escaped
from harness.report.suite_rows import how_it_ended
from harness.report.text import one_line
from harness.report.words import in_unit

MOST_ANNOTATIONS: Final = 10  # GitHub drops what is more: ten of a kind in a step
_MOST_NAMES: Final = 5
_MESSAGE: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = _MESSAGE | str.maketrans({":": "%3A", ",": "%2C"})
_NUMBER: Final = re.compile(r"\d[\d.,]*")
# Whatever stands in its way, it is the machine's or the harness's, and one for all scenarios.
_OF_NO_SCENARIO: Final = frozenset(
    {"environment", "generator_saturated", "harness_limited", "child_died", "load_failed"}
)
_ROOM_FOR_LEFT_OUT: Final = 2_000  # bytes, for the sentence that says what is missing


def step_summary(runs: Sequence[Path], suite: Path | None, room: int = MOST_BYTES) -> str:
    """The suite's table, then a page for each scenario that did not pass: at most `room` bytes.

    Of the repeats of a scenario it is the page of the first that did not pass. Without a suite it
    is the page of the run. What is left out is said.
    """
    room -= _ROOM_FOR_LEFT_OUT
    summary = "" if suite is None else _cut(_text(suite / "suite.md"), room)
    left_out = []
    for run in runs if suite is None else _not_passed(runs):
        page = _text(run / "report.md")
        if len((summary + page).encode()) < room:
            summary += f"{page}\n" if page else ""
        else:
            left_out.append(f"{run.parent.name}/{run.name}")
    if left_out:
        summary += (
            f"\n_Left out, because this summary has at most {MOST_BYTES // 1024} KiB: the details "
            f"of {_named(map(escaped, left_out))}. They are in report.md and report.html of the "
            "runs._\n"
        )
    return summary


def _text(path: Path) -> str:
    with suppress(OSError):  # a run that came to nothing has no page
        return path.read_text(encoding="utf-8")
    return ""


def _cut(table: str, room: int) -> str:
    """The lines of a suite's table that there is room for."""
    if len(table.encode()) <= room:
        return f"{table}\n"
    lines, size = [], 0
    for line in table.splitlines(keepends=True):
        size += len(line.encode())
        if size > room // 2:
            break
        lines.append(line)
    more = table.count("\n| ") + table.startswith("| ") - sum(it.startswith("| ") for it in lines)
    return (
        f"{''.join(lines)}\n_Left out: {more:,} more lines of the table; they are in suite.md._\n"
    )


def _not_passed(runs: Sequence[Path]) -> Iterator[Path]:
    """The first run of each scenario that did not pass, or that shows a regression."""
    seen = set()
    for run in runs:
        comparison = read_comparison(run)
        passed = _findings(run).get("exit_code") == 0 and not (comparison and comparison.regressed)
        scenario = group_of(run) or str(run)
        if not passed and scenario not in seen:
            seen.add(scenario)
            yield run


def _findings(run: Path) -> Mapping[str, Any]:
    with suppress(OSError, ValueError):
        found = json.loads((run / "findings.json").read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    return {}


def _named(names: Iterable[str]) -> str:
    """`a, b and 3 more`."""
    each = list(dict.fromkeys(names))
    more = f" and {len(each) - _MOST_NAMES} more" if len(each) > _MOST_NAMES else ""
    return ", ".join(each[:_MOST_NAMES]) + more


@dataclass(frozen=True, kw_only=True)
class _Told:
    """One thing to tell of one run. `cause`: the same for whatever has the same cause."""

    kind: str
    scenario: Path
    cause: tuple[str, ...]
    text: str


def annotations(runs: Sequence[tuple[Path, Path]]) -> list[str]:
    """Workflow commands for (scenario file, run folder): one a cause, errors first, the worst ten.

    An expectation that fails in five repeats is one cause, and so is a machine that is too small
    for ten scenarios.
    """
    of_scenario: dict[Path, int] = {}
    causes: dict[tuple[str, ...], list[_Told]] = {}
    for scenario, folder in runs:
        of_scenario[scenario] = of_scenario.get(scenario, 0) + 1
        for one in {it.cause: it for it in _of_run(scenario, folder)}.values():
            causes.setdefault(one.cause, []).append(one)
    found = [_command(told, of_scenario) for told in causes.values()]
    found.sort(key=lambda line: not line.startswith("::error"))
    if len(found) > MOST_ANNOTATIONS:
        more = len(found) - MOST_ANNOTATIONS + 1
        found[MOST_ANNOTATIONS - 1 :] = [
            f"::notice title=harness::and {more} more in the reports of this job"
        ]
    return found


def _of_run(scenario: Path, folder: Path) -> Iterator[_Told]:
    findings = _findings(folder)
    if not findings:
        end = how_it_ended(folder)
        why = end.error if end and end.error else "it was stopped, or could not be reported on"
        text = f"no findings: {why}"
        lost = ("environment", _without_numbers(text))
        yield _Told(kind="error", scenario=scenario, cause=lost, text=text)
        return
    measured = {one["text"]: _measured(one) for one in findings["expectations"]}
    for reason in findings["reasons"]:
        kind = "error" if reason["kind"] in {"expectation_failed", "aborted"} else "warning"
        about = next((text for text in measured if reason["text"].startswith(text)), "")
        cause: tuple[str, ...] = (reason["kind"], about or _without_numbers(reason["text"]))
        if reason["kind"] not in _OF_NO_SCENARIO:
            cause = (str(scenario), *cause)
        text = f"{about}{measured.get(about, '')}{reason['text'].removeprefix(about)}"
        yield _Told(kind=kind, scenario=scenario, cause=cause, text=text)
    comparison = read_comparison(folder)
    for one in comparison.regressed if comparison else ():
        text = f"regression of {name_of(one)}: {sentence(one)}"
        cause = (str(scenario), "regression", name_of(one))
        yield _Told(kind="error", scenario=scenario, cause=cause, text=text)


def _measured(expectation: Mapping[str, Any]) -> str:
    value = expectation["value"]
    return "" if value is None else f", was {in_unit(value, expectation['unit'])}"


def _without_numbers(text: str) -> str:
    return _NUMBER.sub("#", text)


def _command(told: Sequence[_Told], of_scenario: Mapping[Path, int]) -> str:
    """The first of what has one cause, and where else it was."""
    first = told[0]
    scenarios = list(dict.fromkeys(one.scenario for one in told))
    where = ""
    if len(scenarios) > 1:
        where = f" (in {len(scenarios)} scenarios: {_named(one.stem for one in scenarios)})"
    elif of_scenario[first.scenario] > 1:
        where = f" (in {len(told)} of {of_scenario[first.scenario]} repeats)"
    title = _escaped(f"harness: {first.scenario.stem}", _PROPERTY)
    place = _escaped(str(first.scenario), _PROPERTY)
    text = _escaped(f"{one_line(first.text)}{where}", _MESSAGE)
    return f"::{first.kind} file={place},line=1,title={title}::{text}"


def _escaped(text: str, table: Mapping[int, str]) -> str:
    return one_line(text).translate(table)
