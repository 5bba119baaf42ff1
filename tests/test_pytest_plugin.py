"""The plugin is off, and costs nothing, until somebody asks for it."""

from pathlib import Path

from pytest_locust import plugin as locusts

from harness.testing import fixtures
from tests.program import brief
from tests.pytest_program import run_pytest

LOOKS = """\
import sys

def test_what_is_loaded():
    loaded = [name for name in sys.modules if name.startswith("harness")]
    assert loaded == ["harness", "harness.pytest_plugin"]
"""


def test_without_the_flag_nothing_is_imported_collected_or_offered(tmp_path: Path) -> None:
    """Whoever has the harness installed for something else pays two options."""
    brief(tmp_path)
    (tmp_path / "test_looks.py").write_text(LOOKS, encoding="utf-8")
    (tmp_path / "test_wants.py").write_text("def test_it(registry_lab): pass\n", encoding="utf-8")
    done = run_pytest("-v", folder=tmp_path)
    assert "test_looks.py::test_what_is_loaded PASSED" in done.stdout
    assert "fixture 'registry_lab' not found" in done.stdout
    assert "brief.yaml" not in done.stdout


def test_its_fixtures_have_names_of_their_own() -> None:
    """Locust brings a plugin, too."""
    ours = {"registry_lab", "fault"}
    assert ours <= set(vars(fixtures))
    assert not ours & set(vars(locusts))
