"""The workflows of docs/ci.md: linted, valid by the vendors' schemas, each command is one."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
from ruamel.yaml import YAML

from harness.cli import app
from tests.go_tools import ACTIONLINT, require_go_tool

PAGE = (Path(__file__).parents[1] / "docs" / "ci.md").read_text(encoding="utf-8")
WORKFLOWS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
GITHUB = [text for text in WORKFLOWS if "runs-on" in text]


def read(text: str) -> Any:
    return YAML(typ="safe").load(text)


def said(folder: Path, text: str, *linter: str | Path) -> str:
    """What a linter says of a workflow; "" for nothing and exit 0."""
    path = folder / "workflow.yaml"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run([*linter, path], capture_output=True, text=True, check=False)
    words = done.stdout + done.stderr
    return "" if done.returncode == 0 else words or f"exit {done.returncode}"


@pytest.mark.actionlint
@pytest.mark.parametrize("text", GITHUB)
def test_actionlint_finds_nothing(tmp_path: Path, text: str) -> None:
    actionlint = require_go_tool(ACTIONLINT, "actionlint")
    assert said(tmp_path, text, actionlint, "-no-color") == ""
    assert "undefined" in said(tmp_path, f"{text}      - run: ${{{{ nothing.is }}}}\n", actionlint)


@pytest.mark.parametrize("text", WORKFLOWS)
def test_a_workflow_is_valid_by_its_vendors_own_schema(tmp_path: Path, text: str) -> None:
    """Those that GitHub's and GitLab's editors use."""
    schema = "vendor.github-workflows" if text in GITHUB else "vendor.gitlab-ci"
    linter = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema)
    assert said(tmp_path, text, *linter) == ""
    wrong = text.replace("on:", "no:", 1) if text in GITHUB else text.replace("when: a", "when: b")
    assert wrong != text
    assert "validation" in said(tmp_path, wrong, *linter)


def test_there_are_three_workflows_for_github_and_one_for_gitlab() -> None:
    assert len(GITHUB) == 3
    assert len(WORKFLOWS) == 4


def test_the_scenarios_of_the_night_have_the_tag_that_it_asks_for() -> None:
    """As many as there are jobs, so that none is idle, on real kubelets, with a page over time."""
    (nightly,) = (text for text in GITHUB if "--cluster kind" in text)
    (tag,) = re.findall(r"--tag (\S+)", nightly)
    folder = Path(__file__).parents[1] / "scenarios"
    tags = [read(it.read_text(encoding="utf-8")).get("tags", []) for it in folder.rglob("*.yaml")]
    jobs = read(nightly)["jobs"]
    assert sum(tag in it for it in tags) >= len(jobs["scenarios"]["strategy"]["matrix"]["shard"])
    assert "harness trend history" in nightly


def test_the_pipeline_for_gitlab_has_the_stages_of_its_jobs() -> None:
    """Which a schema cannot tell."""
    (pipeline,) = (read(text) for text in WORKFLOWS if text not in GITHUB)
    stages = pipeline.pop("stages")
    assert {job["stage"] for job in pipeline.values()} <= set(stages)


def test_every_command_of_the_page_is_one_of_the_harness() -> None:
    """Verbs and options are looked up in the program itself, scenarios in the folder."""
    unfolded = re.sub(r"\n +(--)", r" \1", PAGE)
    commands = re.findall(r"uv run harness ([^\n'&|]+)", unfolded)
    assert len(commands) > 5
    verbs = typer.main.get_command(app)
    for command in commands:
        words = [word for word in shlex.split(command.rstrip(";")) if word != "fi"]
        found: Any = verbs
        while hasattr(found, "commands"):
            found = found.commands[words.pop(0)]
        options = {option for one in found.params for option in one.opts}
        assert {word for word in words if word.startswith("-")} <= options, command
        for scenario in (word for word in words if word.endswith(".yaml")):
            assert (Path(__file__).parents[1] / scenario).exists(), command
