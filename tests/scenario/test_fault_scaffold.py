"""A new fault begins with files that pass as they are, and its example is made from it."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.faults import catalogue
from harness.scenario import load_text
from harness.scenario.fault_scaffold import (
    EXAMPLES,
    ScaffoldError,
    example,
    examples,
    write_examples,
    write_fault,
)

ROOT = Path(__file__).parents[2]


def checkout(folder: Path) -> Path:
    """A folder that looks like a source checkout."""
    (folder / "harness" / "faults").mkdir(parents=True)
    (folder / "harness" / "faults" / "_fault.py").touch()
    return folder


@pytest.mark.parametrize("word", ["unwritten_fault", "delay", "a" * 30])
def test_what_is_written_passes_as_it_is(tmp_path: Path, word: str) -> None:
    """Lint, format and the fault's own test."""
    for name in ("pyproject.toml", "tests/stand_ins.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "harness", tmp_path / "harness")
    fault, test, scenario = write_fault(tmp_path, word)
    for order in (["check"], ["format", "--check"]):
        argv = [sys.executable, "-m", "ruff", *order, "--no-cache", str(fault), str(test)]
        done = subprocess.run(
            argv, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
    spec = importlib.util.spec_from_file_location(f"harness.faults.{word}", tmp_path / fault)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
        names: dict[str, object] = {}
        exec((tmp_path / test).read_text(encoding="utf-8"), names)  # noqa: S102  what was just written
        own = names["test_its_settings_reach_the_seam"]
        assert callable(own)
        own()
    finally:
        del sys.modules[spec.name]
    known = (tmp_path / scenario).read_text(encoding="utf-8").replace(f"{word}: {{", "latency: {")
    assert load_text("new", known).body.name == word


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("UnwrittenFault", "must be lower-case words"),
        ("unwritten-fault", "must be lower-case words"),
        ("../slow", "must be lower-case words"),
        ("_slow", "must be lower-case words"),
        ("for", "must be lower-case words"),
        ("a" * 31, "at most 30 letters"),
        ("latency", "is taken"),
        ("where", "is taken"),
    ],
)
def test_a_word_that_cannot_be_is_refused(tmp_path: Path, word: str, said: str) -> None:
    """And nothing is written."""
    root = checkout(tmp_path)
    with pytest.raises(ScaffoldError, match=said):
        write_fault(root, word)
    assert [path.name for path in root.rglob("*") if path.is_file()] == ["_fault.py"]


def test_a_second_time_and_anywhere_else_nothing_is_written(tmp_path: Path) -> None:
    """What somebody wrote is never lost."""
    root = checkout(tmp_path / "checkout")
    write_fault(root, "unwritten_fault")
    with pytest.raises(ScaffoldError, match="is taken"):
        write_fault(root, "unwritten_fault")
    with pytest.raises(ScaffoldError, match="needs a source checkout"):
        write_fault(tmp_path, "unwritten_fault")


@pytest.mark.parametrize("word", sorted(catalogue()))
def test_any_fault_can_be_shown_by_its_own_example(word: str) -> None:
    """With TLS where it needs it."""
    [entry] = load_text("example", example(catalogue()[word])).faults
    assert entry.word == word


def test_examples_are_there_for_whom_no_other_scenario_shows(tmp_path: Path) -> None:
    """They go when somebody writes a better one."""
    write_examples(tmp_path)
    assert len(list((tmp_path / EXAMPLES).iterdir())) == len(catalogue())
    by_hand = example(catalogue()["latency"]).replace("name: latency", "name: mine")
    (tmp_path / "scenarios" / "mine.yaml").write_text(by_hand, encoding="utf-8")
    write_examples(tmp_path)
    assert EXAMPLES / "latency.yaml" not in examples(tmp_path)
    assert not (tmp_path / EXAMPLES / "latency.yaml").exists()
    assert (tmp_path / EXAMPLES / "partition.yaml").exists()


def test_the_committed_examples_are_fresh() -> None:
    """`make docs` writes them."""
    found = {path.relative_to(ROOT): path for path in (ROOT / EXAMPLES).glob("*.yaml")}
    committed = {path: file.read_text(encoding="utf-8") for path, file in found.items()}
    assert committed == examples(ROOT), "run `make docs`"
