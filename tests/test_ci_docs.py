"""The workflows of docs/ci.md are whole: linted where the linter is, and each command is one."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer.main
from ruamel.yaml import YAML

from harness.cli import app

PAGE = (Path(__file__).parents[1] / "docs" / "ci.md").read_text(encoding="utf-8")
WORKFLOWS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
GITHUB = [text for text in WORKFLOWS if "runs-on" in text]
ACTIONLINT = shutil.which("actionlint")
# https://docs.gitlab.com/ci/yaml/: what a job may say, as far as used here
GITLAB_JOB = {"stage", "image", "rules", "script", "cache", "artifacts"}
GITLAB_ARTIFACTS = {"when", "expose_as", "paths", "exclude", "reports"}


def read(text: str) -> Any:
    return YAML(typ="safe").load(text)


@pytest.mark.skipif(ACTIONLINT is None, reason="actionlint is not on PATH")
@pytest.mark.parametrize("text", GITHUB)
def test_actionlint_finds_nothing(tmp_path: Path, text: str) -> None:
    assert ACTIONLINT is not None
    path = tmp_path / "workflow.yaml"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [ACTIONLINT, "-no-color", path], capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
    assert done.returncode == 0


def test_there_are_two_workflows_for_github_and_one_for_gitlab() -> None:
    assert len(GITHUB) == 2
    assert len(WORKFLOWS) == 3


def test_the_pipeline_for_gitlab_says_only_what_gitlab_knows() -> None:
    (pipeline,) = (read(text) for text in WORKFLOWS if text not in GITHUB)
    stages = pipeline.pop("stages")
    for name, job in pipeline.items():
        assert set(job) <= GITLAB_JOB, name
        assert job["stage"] in stages
        assert set(job["artifacts"]) <= GITLAB_ARTIFACTS
        assert all(isinstance(line, str) for line in job["script"])


def test_every_command_of_the_page_is_one_of_the_harness() -> None:
    """Verbs and options are looked up in the program itself, scenarios in the folder."""
    commands = re.findall(r"uv run harness ([^\n'&|]+)", PAGE)
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
