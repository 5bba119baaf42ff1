"""Which programs a run would use: rules as a table, and programs that are there, old or missing."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.run import program_checks
from harness.run.check import Check
from harness.run.program_checks import (
    ProgramOutput,
    RunProgram,
    distribution,
    docker,
    go,
    kind,
    node_image,
    run_program,
    toxiproxy,
)


def saying(text: str, code: int | None = 0) -> RunProgram:
    def answer(argv: Sequence[str]) -> ProgramOutput:
        assert argv
        return ProgramOutput(code=code, text=text)

    return answer


def of_arm(argv: Sequence[str]) -> ProgramOutput:
    """An engine for amd64 with an image for arm64."""
    return ProgramOutput(code=0, text="arm64" if "inspect" in argv else "amd64")


@pytest.mark.parametrize(
    ("check", "status", "found", "fix"),
    [
        (go(None, saying(""), needed=True), "warn", "not on PATH", "install Go"),
        (go(None, saying(""), needed=False), "ok", "not on PATH", ""),
        (
            go("go", saying("go version go1.25.1 linux/amd64"), needed=True),
            "ok",
            "go1.25",
            "",
        ),
        (
            go("go", saying("", 2), needed=True),
            "warn",
            "go: no output",
            "reinstall",
        ),
        (docker(None, saying("")), "warn", "not on PATH", "install Docker"),
        (docker("docker", saying("29.0.1")), "ok", "docker 29.0.1", ""),
        (
            docker("docker", saying("Permission Denied", 1)),
            "warn",
            "Denied",
            "usermod",
        ),
        (
            docker("docker", saying("no answer within 5 s", None)),
            "warn",
            "5 s",
            "start",
        ),
        (
            docker(None, saying(""), engine="podman"),
            "warn",
            "podman is not on",
            "install",
        ),
        (node_image("", "docker", saying("")), "ok", "kind's own", ""),
        (node_image("n:v1", "", saying("")), "ok", "no engine", ""),
        (node_image("n:v1", "docker", saying("amd64")), "ok", "n:v1, amd64", ""),
        (
            node_image("n:v1", "docker", saying("No such image", 1)),
            "warn",
            "n:v1",
            "load",
        ),
        (
            node_image("n:v1", "docker", of_arm),
            "warn",
            "is for arm64",
            "HARNESS_KIND",
        ),
    ],
)
def test_each_rule(check: Check, status: str, found: str, fix: str) -> None:
    """What is found is named, and what is wrong comes with its mending."""
    assert check.status == status
    assert found in check.found
    assert fix in check.fix
    assert (check.fix == "") == (check.status == "ok")


def program(folder: Path, name: str, says: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def test_the_toxiproxy_that_would_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The named one, then the one on PATH, then the cache's, then none."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/bin")
    cache = tmp_path / "cache"
    none = toxiproxy(None, cache, run_program)
    assert (none.status, none.fix) == ("warn", "harness setup toxiproxy, for the real one")
    says = "toxiproxy-server version 2.12.0"
    for folder in (cache / "bin", tmp_path / "path", tmp_path / "named"):
        path = program(folder, "toxiproxy-server", says)
        named = str(path) if folder.name == "named" else None
        check = toxiproxy(named, cache, run_program)
        assert (check.status, check.found) == ("ok", f"{path}, version 2.12.0")


@pytest.mark.parametrize(
    ("says", "status", "found"),
    [
        ("kind v0.33.0 go1.26.8 linux/amd64", "ok", "v0.33.0"),
        ("kind v0.20.0 go1.20.4 linux/amd64", "ok", "v0.20.0"),
        ("kind v0.19.0 go1.20.4 linux/amd64", "warn", "is kind 0.19, and 0.20 or later is needed"),
        ("usage: something else", "warn", "is not kind"),
    ],
)
def test_the_kind_that_would_be_used_is_named(
    tmp_path: Path, says: str, status: str, found: str
) -> None:
    """On PATH before the cache, and not an old one."""
    path = program(tmp_path / "path", "kind", says)
    program(tmp_path / "cache" / "bin", "kind", "kind v9.9.9")
    check = kind(None, tmp_path / "cache", run_program, path=str(tmp_path / "path"))
    assert (check.status, found in check.found) == (status, True)
    assert str(path) in check.found
    cached = kind(None, tmp_path / "cache", run_program, path="")
    assert cached.found.endswith("v9.9.9")
    wished = kind("no-such-kind", tmp_path / "cache", run_program)
    assert (wished.status, "HARNESS_KIND" in wished.fix) == ("warn", True)


@pytest.mark.parametrize("says", ["toxiproxy-server version 1.2.1", "", "usage: something else"])
def test_an_old_or_foreign_toxiproxy_fails(tmp_path: Path, says: str) -> None:
    """Another major version has another interface."""
    path = program(tmp_path, "toxiproxy-server", says)
    check = toxiproxy(str(path), tmp_path, run_program)
    assert check.status == "fail"
    assert str(path) in check.found
    assert "2.12.0 is needed" in check.fix


def test_the_distribution_that_would_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The named one, which must be there, then the cache's, then none."""
    monkeypatch.setenv("PATH", "")
    cache = tmp_path / "cache"
    assert distribution(None, cache).found.startswith("none")
    program = cache / "bin" / "registry"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert distribution(None, cache).found == str(program)
    assert distribution(str(program), tmp_path).found == str(program)
    missing = distribution("/nowhere/registry", cache)
    assert (missing.status, "HARNESS_DISTRIBUTION" in missing.fix) == ("fail", True)


def test_a_named_toxiproxy_that_is_not_there_fails(tmp_path: Path) -> None:
    """A wish is not passed over."""
    check = toxiproxy(str(tmp_path / "nothing"), tmp_path, run_program)
    assert check.status == "fail"
    assert "nothing" in check.found
    assert "HARNESS_TOXIPROXY" in check.fix


def test_a_program_that_hangs_or_cannot_start_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The doctor does not hang with it."""
    monkeypatch.setattr(program_checks, "_ANSWER_S", 0.2)
    assert run_program(["sleep", "30"]) == ProgramOutput(code=None, text="no answer within 0.2 s")
    assert (
        run_program([str(tmp_path / "no")]).text == "cannot be started: No such file or directory"
    )
