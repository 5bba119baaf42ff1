"""Programs written in Go: pinned, and installed by their words; the finding: test_toxiproxy.py."""

from pathlib import Path

import pytest

from harness.environment.go_program import SetupFailed
from harness.environment.programs import KIND, PROGRAMS

# Plays Go: puts a program of the package's name where it is told.
GO = """#!/bin/sh
for last; do :; done
name=${last%@*}
echo "$@" > "$GOBIN/${name##*/}"
chmod +x "$GOBIN/${name##*/}"
"""


@pytest.mark.parametrize("word", PROGRAMS)
def test_each_program_is_built_in_its_pinned_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    """And then found in the cache, when PATH has none."""
    program = PROGRAMS[word]
    (tmp_path / "go").write_text(GO)
    (tmp_path / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    path = program.install(tmp_path / "cache")
    assert path.read_text().split()[-1] == f"{program.package}@v{program.version}"
    assert program.find(cache_folder=tmp_path / "cache", path="") == path
    assert [entry.name for entry in path.parent.iterdir()] == [program.name]


def test_a_wish_is_not_passed_over(tmp_path: Path) -> None:
    """Named, and not there."""
    with pytest.raises(SetupFailed, match="kind 'mine': is not an executable file"):
        KIND.find(named="mine", cache_folder=tmp_path)
