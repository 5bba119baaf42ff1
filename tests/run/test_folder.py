"""The folder of a run: found by its name, described before it begins."""

import json
import re
from pathlib import Path

from harness.plan.plan import build_plan
from harness.run.folder import describe, make_folder
from harness.scenario import load_text, starter


def test_a_folder_is_named_by_scenario_time_and_run(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, "quick", "abc123")
    assert folder.parent == tmp_path / "quick"
    assert re.fullmatch(r"\d{8}T\d{6}Z-abc123", folder.name)
    assert (folder / "samples").is_dir()


def test_a_run_is_described_so_that_it_can_be_repeated(tmp_path: Path) -> None:
    """The scenario as given, its plan, and the seed, versions and command in run.json."""
    text = starter("quick")
    plan = build_plan(load_text("quick", text))
    describe(tmp_path, plan, scenario_text=text, about={"run_id": "abc", "command": "harness run"})
    assert (tmp_path / "scenario.yaml").read_text(encoding="utf-8") == text
    assert (tmp_path / "plan.json").read_text(encoding="utf-8") == plan.to_json()
    about = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert (about["run_id"], about["scenario"], about["seed"]) == ("abc", "quick", plan.seed)
    assert {"python", "registry-harness", "locust"} <= set(about["versions"])
    assert about["host"]["cpus"] > 0
