"""Scenario files as tests: one for each expectation, and one for whether the run proves anything.

A file is run once, when the first of its tests is.
"""

import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from harness.plan.plan import Plan, PlannedExpectation, build_plan
from harness.recording.outcome import ExitCode
from harness.scenario import ScenarioError, load
from harness.testing.cli_runs import RunResult, run_once

_SHARED = pytest.StashKey[tempfile.TemporaryDirectory[str]]()
_SHARED_WORD = "harness_shared_folder"
_JUDGED = "can_be_judged"
# What tells a scenario from other YAML in a folder that is collected whole.
_LOOKS_LIKE_ONE = re.compile(r"^load:", re.MULTILINE)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[_SHARED] = tempfile.TemporaryDirectory(prefix="harness-pytest-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if shared := config.stash.get(_SHARED, None):
        shared.cleanup()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each worker of pytest-xdist where results are shared."""
    node.workerinput[_SHARED_WORD] = node.config.stash[_SHARED].name


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "ScenarioFile | None":
    if file_path.suffix not in {".yaml", ".yml"} or not _is_scenario(file_path, parent):
        return None
    collected: ScenarioFile = ScenarioFile.from_parent(parent, path=file_path)
    return collected


def _is_scenario(path: Path, parent: pytest.Collector) -> bool:
    if parent.session.isinitpath(path):
        return True
    with suppress(OSError, UnicodeDecodeError):
        return bool(_LOOKS_LIKE_ONE.search(path.read_text(encoding="utf-8")))
    return False


class ScenarioFile(pytest.File):
    """One scenario file."""

    def collect(self) -> Iterator["ScenarioItem"]:
        try:
            plan = build_plan(load(self.path))
        except (ScenarioError, OSError) as error:
            raise self.CollectError(str(error)) from error
        for place, name in enumerate(names(plan)):
            item: ScenarioItem = ScenarioItem.from_parent(self, name=name, place=place)
            if self.config.pluginmanager.hasplugin("xdist"):
                item.add_marker(pytest.mark.xdist_group(str(self.path)))
            yield item
        yield ScenarioItem.from_parent(self, name=_JUDGED, place=None)

    def result(self) -> RunResult:
        worker: dict[str, str] = getattr(self.config, "workerinput", {})
        shared = worker.get(_SHARED_WORD) or self.config.stash[_SHARED].name
        return run_once(self.path, str(self.config.getoption("--harness-args")), Path(shared))


def names(plan: Plan) -> list[str]:
    """A name for each expectation, made unique where two would be the same."""
    names, seen = [], Counter[str]()
    for expectation in plan.expectations:
        name = _name(expectation)
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return names


def _name(expectation: PlannedExpectation) -> str:
    quantile = expectation.quantile
    parts = (
        expectation.metric,
        None if quantile is None else f"p{quantile * 100:g}",
        expectation.phase,
        expectation.fault,
        expectation.image,
        expectation.rollout,
    )
    return "-".join(part for part in parts if part)


class NotMet(Exception):  # noqa: N818  reads as what it says
    """An expectation that was not met, or a run that proves nothing. The whole text."""


class ScenarioItem(pytest.Item):
    """An expectation of a scenario by its `place`; None: whether the run can be judged at all."""

    parent: ScenarioFile

    def __init__(self, *, place: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._place = place

    def runtest(self) -> None:
        result = self.parent.result()
        if result.page:
            self.user_properties.append(("report", result.page))
        problem = _problem(result, self._place)
        if problem:
            raise NotMet("\n".join(line for line in (*problem, _where(result)) if line))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The text alone: a traceback through this plugin helps nobody."""
        if isinstance(excinfo.value, NotMet):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"{self.path.stem}: {self.name}"


def _where(result: RunResult) -> str:
    return f"page: {Path(result.page).as_uri()}" if result.page else ""


def _problem(result: RunResult, place: int | None) -> list[str]:
    """What is wrong, in lines; empty when nothing is."""
    if not result.findings:
        return [f"harness run: exit code {result.exit_code}, no findings", result.said]
    if place is None:
        if result.exit_code in {ExitCode.PASS, ExitCode.FAIL}:
            return []
        return [result.findings["headline"], *(one["text"] for one in result.findings["reasons"])]
    return _not_met(result.findings["expectations"][place])


def _not_met(finding: dict[str, Any]) -> list[str]:
    if finding["verdict"] == "pass":
        return []
    from harness.analysis.findings import ExpectationFinding  # noqa: PLC0415  when it is needed
    from harness.report.text import expectation_line  # noqa: PLC0415  with the one above

    return [expectation_line(ExpectationFinding(**finding))]
