"""A run as others are compared with it: what it was, whether it counts, and its figures."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from harness.analysis.figures import Figure, FigureName, figures
from harness.recording.outcome import Verdict

# Reasons for which a run says nothing about the registry. Others, a failed expectation above all,
# are what a comparison is about.
_UNFIT: Final = frozenset(
    {
        "fault_never_bit",
        "fault_failed",
        "aborted",
        "child_died",
        "load_failed",
        "recording_stops",
        "ended_early",
        "generator_saturated",
        "harness_limited",
        "pool_exhausted",
    }
)


class NotComparableError(Exception):
    """What was named cannot be compared. One sentence with the name and the rule."""


@dataclass(frozen=True, kw_only=True)
class RunFigures:
    """One run. `unfit`: why it must not be compared, or "". `group`: of its repeats, or "".

    `content`: the scenario key by key, as `harness.scenario.sources.content_keys` has it; empty
    where it was not recorded.
    `limited_by` is "" and `pool_exhausted` 0 where that was not recorded.
    """

    run_id: str
    scenario: str
    scenario_sha256: str
    seed: int
    started: str
    cluster: str
    registry: str
    link: str
    versions: Mapping[str, str]
    machine: str
    group: str
    verdict: str
    unfit: str
    figures: Mapping[FigureName, Figure]
    content: Mapping[str, str] = field(default_factory=dict)
    limited_by: str = ""
    pool_exhausted: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain values, small enough for a file in git; without the content, which runs share."""
        apart = ("figures", "content")
        plain = {key: value for key, value in vars(self).items() if key not in apart}
        plain["versions"] = dict(self.versions)
        plain["figures"] = {
            name.key: _figure_json(figure) for name, figure in sorted(self.figures.items())
        }
        return plain

    @classmethod
    def from_json(
        cls, values: Mapping[str, Any], content: Mapping[str, str] | None = None
    ) -> "RunFigures":
        """What `as_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        known = dict(values)
        found = known.pop("figures")
        known["verdict"] = Verdict(known["verdict"]).value
        named = {FigureName.of(key): _figure_of(value) for key, value in found.items()}
        return cls(**known, figures=named, content=content or {})


def _figure_json(figure: Figure) -> dict[str, Any]:
    plain: dict[str, Any] = {"value": round(figure.value, 6), "samples": figure.samples}
    if figure.at_least:
        plain["at_least"] = True
    if not figure.enough:
        plain["enough"] = False
    return plain


def _figure_of(value: Mapping[str, Any]) -> Figure:
    return Figure(
        value=float(value["value"]),
        samples=int(value["samples"]),
        at_least=bool(value.get("at_least", False)),
        enough=bool(value.get("enough", True)),
    )


def is_run(folder: Path) -> bool:
    """Whether `folder` is the folder of one run."""
    return (folder / "plan.json").is_file()


def read_run(folder: Path) -> RunFigures:
    """The figures of a run folder, from its findings, or from its recording when it has none.

    Raises NotComparableError when it holds neither.
    """
    about = _object(folder / "run.json")
    try:
        return _run_of(_object(folder / "findings.json"), about, group_of(folder))
    except (KeyError, TypeError, ValueError, AttributeError):  # none, or of another version
        return _run_of(_computed(folder), about, group_of(folder))


def _run_of(findings: Mapping[str, Any], about: Mapping[str, Any], group: str) -> RunFigures:
    """The run behind the content of its findings.json. Raises KeyError or TypeError."""
    run = findings["run"]
    reasons = [one for one in findings["reasons"] if one["kind"] in _UNFIT]
    host = run["host"]
    return RunFigures(
        run_id=run["run_id"],
        scenario=run["scenario"],
        scenario_sha256=str(about.get("scenario_sha256", "")),
        seed=run["seed"],
        started=run["started"],
        cluster=_cluster(about, run),
        registry=str(run["rooms"].get("registry", {}).get("provider", "")),
        link=run["link_kind"],
        versions=run["versions"],
        machine=f"{host.get('cpus', '?')} CPUs, {host.get('system', '?')}",
        group=group,
        verdict=Verdict(findings["verdict"]).value,
        unfit=reasons[0]["text"] if reasons else "",
        figures=figures(findings),
        content=about.get("scenario_content") or {},
        limited_by=str(findings["load"].get("limited_by", "")),
        pool_exhausted=int(findings["load"].get("pool_exhausted", 0)),
    )


def _cluster(about: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """Who pulled; only real clusters open a room for it."""
    room = run["rooms"].get("cluster", {})
    return str(about.get("cluster") or room.get("provider") or room.get("kind") or "emulated")


def _computed(folder: Path) -> Mapping[str, Any]:
    """The findings as the recording has them. Raises NotComparableError when there is none."""
    from harness.analysis import NoRecordingError, RecordedRun, analyse  # noqa: PLC0415  pandas

    try:
        return analyse(RecordedRun.load(folder)).findings.as_json()
    except NoRecordingError as error:
        raise NotComparableError(str(error)) from error


def _object(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def group_of(folder: Path) -> str:
    """The group of repeats that a run folder belongs to, or ""."""
    return str((_object(folder / "run.json").get("repeat") or {}).get("group", ""))
