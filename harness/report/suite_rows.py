"""What a suite's table is made of: a row for each fault of each run, and repeats as their medians.

Rows are made from the folders of the runs, so a run that came to nothing has its row, too.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median
from typing import Any, Final

from harness.recording.events import RunEnded
from harness.recording.outcome import ExitCode, Verdict
from harness.recording.recording import read_events
from harness.report.comparison import read_comparison

_QUANTILES: Final = ("p50", "p95", "p99")
# What a scenario is called after all its repeats: the first of these that any of them has.
_WORST_FIRST: Final = ("not ended", "error", "environment", "interrupted", "fail", "aborted")


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """One fault of one run; `fault` "" is the whole of a run without faults.

    Delays are those of pods created while it was on: null is "no pod", or, with
    `delay_*_more_than_s` set, somewhere beyond that. `recovery_s`: the longest from the removal of
    a fault to the last waiting pod Ready, null for never or not known. `bites` null: not injected.
    `verdict` is the run's: pass, fail, inconclusive, aborted, or how a run without findings ended.
    `duration_s`: how long the run took. `repeat`: its number among repeats, from 1.
    `compared`: what a comparison with a baseline came to (see harness.analysis.comparison), or "";
    it is in the last of the repeats. `folder` is that of the run, relative to the suite's.
    """

    scenario: str
    run_id: str
    repeat: int
    group: str
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
    duration_s: float | None
    verdict: str
    exit_code: int | None
    compared: str
    folder: str


@dataclass(frozen=True, kw_only=True)
class SuiteRow:
    """One fault of one scenario: `runs` are its repeats, every number is their median.

    `verdict` is the worst of them, `verdicts` counts each. `pods_never_ready` is the most of a run.
    """

    scenario: str
    fault: str
    repeats: int
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
    duration_s: float | None
    verdict: str
    verdicts: Mapping[str, int]
    compared: str
    runs: tuple[RunRow, ...]

    @property
    def key(self) -> tuple[str, str]:
        """What tells its scenario from another of the same name: the group of its repeats."""
        return self.scenario, self.runs[0].group or self.runs[0].folder


def suite_rows(runs: Iterable[RunRow]) -> list[SuiteRow]:
    """A row for each fault of each scenario, in the order in which they were run."""
    groups: dict[tuple[str, str, str], list[RunRow]] = {}
    for run in runs:
        groups.setdefault((run.scenario, run.group or run.folder, run.fault), []).append(run)
    # a repeat that came to nothing names no fault: it belongs to the faults of the others
    lost = {key[1]: runs for key, runs in groups.items() if not key[2]}
    named = {key: runs + lost.get(key[1], []) for key, runs in groups.items() if key[2]}
    whole = {key: runs for key, runs in groups.items() if key[1] not in {it[1] for it in named}}
    rows = [key for key in groups if key in named or key in whole]
    return [_suite_row((named | whole)[key]) for key in rows]


def _suite_row(runs: Sequence[RunRow]) -> SuiteRow:
    runs = sorted(runs, key=lambda run: run.repeat)
    verdicts = Counter(run.verdict for run in runs)
    known = [run for run in runs if run.exit_code is not None]
    numbers: dict[str, float | None] = {}
    for name in _QUANTILES:
        value, more_than = _delay(known, name)
        numbers |= {f"delay_{name}_s": value, f"delay_{name}_more_than_s": more_than}
    return SuiteRow(
        scenario=runs[0].scenario,
        fault=max(run.fault for run in runs),
        repeats=len(runs),
        pods=round(median([run.pods for run in known] or [0])),
        recovery_s=_median(run.recovery_s for run in known),
        pods_never_ready=max(run.pods_never_ready for run in runs),
        bites=None if (bites := _median(run.bites for run in known)) is None else round(bites),
        duration_s=_median(run.duration_s for run in runs),
        verdict=next((one for one in _WORST_FIRST if one in verdicts), _milder(verdicts)),
        verdicts=dict(verdicts),
        compared=next((run.compared for run in reversed(runs) if run.compared), ""),
        runs=tuple(runs),
        **numbers,
    )


def _milder(verdicts: Counter[str]) -> str:
    """The verdict of repeats that all ended and none failed."""
    return "pass" if set(verdicts) == {"pass"} else next(it for it in verdicts if it != "pass")


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(median(known)) if known else None


def _delay(runs: Sequence[RunRow], name: str) -> tuple[float | None, float | None]:
    """The median of a quantile: its value, or what it is more than."""
    pairs = [
        (getattr(run, f"delay_{name}_s"), getattr(run, f"delay_{name}_more_than_s")) for run in runs
    ]
    known = sorted(
        (more_than if value is None else value, value is None)
        for value, more_than in pairs
        if (value, more_than) != (None, None)
    )
    if not known:
        return None, None
    middle = known[(len(known) - 1) // 2 : len(known) // 2 + 1]
    value = sum(one for one, _ in middle) / len(middle)
    return (None, value) if any(beyond for _, beyond in middle) else (value, None)


def rows_of(run: Path, folder: str) -> list[RunRow]:
    """The rows of one run, whatever became of it; `folder` is what they call it."""
    findings, about = _object(run / "findings.json"), _object(run / "run.json")
    repeat = about.get("repeat") or {}
    comparison = read_comparison(run)
    known: dict[str, Any] = {
        "folder": folder,
        "compared": comparison.verdict if comparison else "",
        "repeat": int(repeat.get("index", 1)),
        "group": str(repeat.get("group", "")),
    }
    if not findings:
        return [_without_findings(run, about, known)]
    verdict = Verdict(findings["verdict"]).value
    known |= {
        "scenario": findings["run"]["scenario"],
        "run_id": findings["run"]["run_id"],
        "duration_s": findings["run"]["duration_s"],
        "verdict": "aborted" if findings["exit_code"] == ExitCode.ABORTED else verdict,
        "exit_code": findings["exit_code"],
    }
    names = list(dict.fromkeys(one["fault"] for one in findings["faults"]))
    return [_row(findings, name, known) for name in names or [""]]


def _object(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        value = json.loads(path.read_text(encoding="utf-8"))
        return value if isinstance(value, dict) else {}
    return {}


def _row(findings: Mapping[str, Any], fault: str, about: Mapping[str, Any]) -> RunRow:
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
        for name in _QUANTILES
        for key, known in (("s", "value_s"), ("more_than_s", "more_than_s"))
    }
    recoveries = [one for one in findings["recovery"] if one["fault"] == fault]
    waits = [one["recovery_wait_s"] for one in recoveries]
    bites = [one["bites"] for one in findings["faults"] if one["fault"] == fault]
    return RunRow(
        fault=fault,
        pods=delay.get("pods", 0),
        recovery_s=max(waits) if waits and None not in waits else None,
        pods_never_ready=max((one["pods_never_ready"] for one in recoveries), default=0),
        bites=None if None in bites or not bites else sum(bites),
        **quantiles,
        **about,
    )


def _without_findings(run: Path, about: Mapping[str, Any], known: Mapping[str, Any]) -> RunRow:
    """A run that was not judged: how it ended, as its recording says."""
    end = how_it_ended(run)
    told = {
        "scenario": str(about.get("scenario", run.parent.name)),
        "run_id": str(about.get("run_id", "")),
        "verdict": end.reason if end else "not ended",
        "duration_s": end.at_s if end else None,
    }
    nothing = {field.name: None for field in fields(RunRow)} | {"fault": "", "pods": 0}
    return RunRow(**(nothing | {"pods_never_ready": 0} | dict(known) | told))  # type: ignore[arg-type]


def how_it_ended(run: Path) -> RunEnded | None:
    """The last word of a run's recording, if it has one."""
    ends = [event for event in read_events(run).events if isinstance(event, RunEnded)]
    return ends[-1] if ends else None
