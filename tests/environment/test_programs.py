"""Where a real Toxiproxy is looked for, and what installing one says when it fails."""

from pathlib import Path

import pytest

from harness.environment.go_program import SetupFailed
from harness.environment.programs import TOXIPROXY


def program(path: Path, script: str = "exit 0") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_the_named_one_comes_before_path_and_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named, then PATH, then cache, then none."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert TOXIPROXY.find(cache_folder=cache) is None
    cached = program(TOXIPROXY.cached(cache))
    assert TOXIPROXY.find(cache_folder=cache) == cached
    on_path = program(tmp_path / "bin" / "toxiproxy-server")
    assert TOXIPROXY.find(cache_folder=cache) == on_path
    named = program(tmp_path / "mine")
    assert TOXIPROXY.find(named=str(named), cache_folder=cache) == named


def test_a_named_one_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """A wish is not passed over in favour of another program."""
    with pytest.raises(SetupFailed, match="nowhere': is not an executable file"):
        TOXIPROXY.find(named=str(tmp_path / "nowhere"))
    (tmp_path / "text").write_text("not a program")
    with pytest.raises(SetupFailed, match="text': is not an executable file"):
        TOXIPROXY.find(named=str(tmp_path / "text"))


def test_installing_without_go_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No Go, no build: the message names both ways out."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupFailed, match=r"Go is not on PATH.*install Go.*toxiproxy-server"):
        TOXIPROXY.install(tmp_path / "cache")


def test_a_failed_build_says_its_last_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Go said last is the reason; the cache keeps no half-built program."""
    program(tmp_path / "bin" / "go", "echo first >&2; echo 'no route to the proxy' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(SetupFailed, match=r"v2\.12\.0: failed: no route to the proxy$"):
        TOXIPROXY.install(tmp_path / "cache")
    assert list((tmp_path / "cache" / "bin").iterdir()) == []


def test_a_build_goes_into_the_cache_with_its_version_stamped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Go builds as `server` is found as `toxiproxy-server`, and Go was asked rightly."""
    said = tmp_path / "asked"
    script = f'echo "$@" > {said}; echo "#!/bin/sh" > "$GOBIN/server"; chmod +x "$GOBIN/server"'
    program(tmp_path / "bin" / "go", script)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    installed = TOXIPROXY.install(tmp_path / "cache")
    assert installed == TOXIPROXY.find(cache_folder=tmp_path / "cache")
    assert [path.name for path in installed.parent.iterdir()] == ["toxiproxy-server"]
    asked = said.read_text()
    assert "github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0" in asked
    assert "-X github.com/Shopify/toxiproxy/v2.Version=2.12.0" in asked


def test_a_cache_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file where the folder should be gives one sentence with its path."""
    program(tmp_path / "bin" / "go")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "cache").write_text("")
    with pytest.raises(SetupFailed, match="cache/bin/toxiproxy-server: cannot be written: "):
        TOXIPROXY.install(tmp_path / "cache")
