"""`harness compare` and `harness baseline` as a user meets them."""

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from harness.analysis.baseline import Baseline
from harness.analysis.run_sets import RunSet
from harness.cli import app
from tests.analysis.test_comparison import FIVE, side, times
from tests.cli.conftest import BriefRun
from tests.program import brief, harness, run_folder, verb
from tests.recordings import outage


def kept(folder: Path, name: str, runs: RunSet) -> None:
    """A baseline of those runs, as `baseline add` keeps it."""
    (folder / "baselines").mkdir(exist_ok=True)
    path = folder / "baselines" / f"{name}.json"
    path.write_text(Baseline(name=name, runs=runs.runs).to_json(), encoding="utf-8")


@pytest.mark.parametrize(("factor", "code"), [(1.0, 0), (1.3, 6), (0.7, 0)])
def test_only_a_regression_exits_6(tmp_path: Path, factor: float, code: int) -> None:
    kept(tmp_path, "old", side("a", delay=FIVE))
    kept(tmp_path, "new", side("b", delay=times(FIVE, factor)))
    done = verb("compare", "baseline:old", "baseline:new", folder=tmp_path)
    assert done.returncode == code, done.stderr
    assert "deployment delay p95 during latency-1: 10.1 s" in done.stdout


def test_the_comparison_as_json_has_its_sentences(tmp_path: Path) -> None:
    kept(tmp_path, "old", side("a", delay=FIVE))
    kept(tmp_path, "new", side("b", delay=times(FIVE, 1.3)))
    arguments = ("compare", "baseline:old", "baseline:new", "--json", "--minimum-effect", "50%")
    done = verb(*arguments, folder=tmp_path)
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["verdict"] == "no_regression"
    assert told["figures"][0]["sentence"].endswith("no relevant change")


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (("baseline:old", "baseline:other"), "seed differs: 1 in A, 2 in B"),
        (("baseline:old", "nowhere"), "nowhere: no such folder"),
        (("baseline:old", "baseline:old"), "is on both sides"),
        (("baseline:old", "baseline:other", "--minimum-effect", "10"), "--minimum-effect 10: "),
        (("baseline:old", "baseline:other", "--minimum-points", "0%"), "must be more than 0%"),
    ],
)
def test_what_cannot_be_compared_exits_2(
    tmp_path: Path, arguments: tuple[str, ...], rule: str
) -> None:
    kept(tmp_path, "old", side("a", delay=FIVE))
    other = side("b", delay=FIVE)
    kept(tmp_path, "other", replace(other, runs=tuple(replace(it, seed=2) for it in other.runs)))
    done = verb("compare", *arguments, folder=tmp_path)
    assert done.returncode == 2
    assert rule in done.stderr
    assert "Traceback" not in done.stderr


def test_a_baseline_is_added_to_listed_and_removed(tmp_path: Path) -> None:
    folder = outage().write(tmp_path / "run")
    added = verb("baseline", "add", "nightly", folder, folder=tmp_path)
    assert added.returncode == 0, added.stderr
    assert "nightly.json: 1 run of dns-outage" in added.stdout
    listed = json.loads(verb("baseline", "list", "--json", folder=tmp_path).stdout)
    assert listed[0] | {"name": "nightly", "runs": 1, "scenario": "dns-outage"} == listed[0]
    assert verb("baseline", "remove", "nightly", folder=tmp_path).returncode == 0
    assert verb("baseline", "remove", "nightly", folder=tmp_path).returncode == 2
    assert "contains no baseline" in verb("baseline", "list", folder=tmp_path).stderr


def test_repeats_are_runs_of_one_group(tmp_path: Path) -> None:
    """Each with its folder; a comparison finds them all from one, and two cannot show a change."""
    done = harness("run", "--quiet", "--repeat", "2", brief(tmp_path), folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    folders = sorted((tmp_path / "reports").glob("brief/*"))
    told = [json.loads((it / "run.json").read_text(encoding="utf-8")) for it in folders]
    assert [it["repeat"]["index"] for it in told] == [1, 2]
    assert len({it["repeat"]["group"] for it in told}) == 1
    assert len({it["scenario_sha256"] for it in told}) == 1
    added = verb("baseline", "add", "nightly", folders[0], folder=tmp_path)
    assert "2 runs of brief" in added.stdout


@pytest.mark.xdist_group("brief run")
def test_a_run_is_compared_with_its_baseline(tmp_path: Path, brief_run: BriefRun) -> None:
    """At the end, and in its pages; a single run is too little to tell, and says so."""
    scenario = brief(tmp_path)
    first = brief_run.folder
    verb("baseline", "add", "nightly", first, folder=tmp_path)
    done = harness("run", "--quiet", scenario, "--baseline", "nightly", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Inconclusive: 1 run" in done.stdout
    second = run_folder(tmp_path)
    for name in ("report.html", "report.md", "junit.xml"):
        assert "1 run of" in (second / name).read_text(encoding="utf-8"), name
        assert "1 run of" not in (first / name).read_text(encoding="utf-8"), name


def test_the_keys_that_changed_are_named_before_the_run(tmp_path: Path) -> None:
    """From the file of the baseline, with both values, and no hash."""
    scenario = brief(tmp_path)
    harness("run", "--quiet", scenario, folder=tmp_path)
    harness("baseline", "add", "nightly", run_folder(tmp_path), folder=tmp_path)
    changed = ("--set", "images.app.layers=3")
    done = harness("run", scenario, "--baseline", "nightly", *changed, folder=tmp_path)
    assert done.returncode == 2
    assert "scenario content differs: images.app.layers: 2 → 3;" in done.stderr


@pytest.mark.parametrize("name", ["compare", "trend", "export", "baseline", "baseline add-each"])
def test_help_shows_an_example_that_can_be_copied(name: str) -> None:
    """Its lines are not filled into a paragraph, and what they call exists."""
    done = CliRunner().invoke(app, [*name.split(), "--help"])
    lines = [line.strip() for line in done.stdout.splitlines() if line.startswith("    harness ")]
    assert len(lines) > 1
    for line in lines:
        found: Any = typer.main.get_command(app)
        words = [word for word in shlex.split(line.removesuffix(chr(92))) if word != "harness"]
        while hasattr(found, "commands"):
            found = found.commands[words.pop(0)]
        options = {option for one in found.params for option in one.opts}
        assert {word for word in words if word.startswith("-")} <= options, line


def test_a_baseline_of_something_else_is_refused_before_the_run(tmp_path: Path) -> None:
    kept(tmp_path, "nightly", side("a", delay=FIVE))
    scenario = brief(tmp_path)
    done = verb("run", scenario, "--baseline", "nightly", folder=tmp_path)
    assert done.returncode == 2
    assert "scenario differs: simulated in A, brief in B" in done.stderr
    assert verb("run", scenario, "--baseline", "no", folder=tmp_path).returncode == 2
    assert not (tmp_path / "reports").exists()
