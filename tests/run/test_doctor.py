"""Pre-flight checks: rules as tables, and one look at this machine."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.run import doctor
from harness.run.doctor import Ask, Check, ProgramOutput, examine

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def saying(text: str, code: int | None = 0) -> Ask:
    def asked(argv: Sequence[str]) -> ProgramOutput:
        assert argv
        return ProgramOutput(code=code, text=text)

    return asked


def of_arm(argv: Sequence[str]) -> ProgramOutput:
    """An engine for amd64 with an image for arm64."""
    return ProgramOutput(code=0, text="arm64" if "inspect" in argv else "amd64")


@pytest.mark.parametrize(
    ("check", "status", "found", "fix"),
    [
        (doctor.python((3, 11, 0)), "ok", "3.11.0", ""),
        (doctor.python((3, 10, 9)), "fail", "3.10.9", "Python 3.11 or later"),
        (doctor.python((4, 0, 0)), "ok", "4.0.0", ""),
        (doctor.open_files(None), "ok", "no limit", ""),
        (doctor.open_files(4096), "ok", "up to 4096", ""),
        (doctor.open_files(1024), "warn", "up to 1024", "ulimit -Hn 4096"),
        (doctor.open_files(64), "fail", "up to 64", "ulimit"),
        (doctor.inotify("128\n"), "warn", "128 instances", "max_user_instances=512"),
        (doctor.inotify("8192\n"), "ok", "8192", ""),
        (doctor.inotify(""), "ok", "no limit", ""),
        (doctor.disk(Path("/r"), 3 << 30), "ok", "3.0 GiB free at /r", ""),
        (doctor.disk(Path("/r"), 1 << 30), "warn", "1.0 GiB", "--reports"),
        (doctor.disk(Path("/r"), 1 << 20), "fail", "0.0 GiB", "--reports"),
        (doctor.loopback(""), "ok", "127.0.0.1", ""),
        (doctor.loopback("127.0.0.1: Permission denied"), "fail", "Permission denied", "allow"),
        (doctor.ports("32768\t60999\n"), "ok", "28232", ""),
        (doctor.ports("60000 60999"), "warn", "1000", "sysctl"),
        (doctor.ports(""), "ok", "does not tell", ""),
        (doctor.clock(1e-9, NOW, NOW), "ok", "2026-11-24 00:00 UTC", ""),
        (doctor.clock(0.0156, NOW, NOW), "warn", "steps of 15.6 ms", "another machine"),
        (doctor.clock(1e-9, NOW, NOW + timedelta(days=1)), "warn", "before the harness", "clock"),
        (doctor.go(None, saying(""), needed=True), "warn", "not on PATH", "install Go"),
        (doctor.go(None, saying(""), needed=False), "ok", "not on PATH", ""),
        (
            doctor.go("go", saying("go version go1.25.1 linux/amd64"), needed=True),
            "ok",
            "go1.25",
            "",
        ),
        (doctor.go("go", saying("", 2), needed=True), "warn", "go: says nothing", "reinstall"),
        (doctor.docker(None, saying("")), "warn", "not on PATH", "install Docker"),
        (doctor.docker("docker", saying("29.0.1")), "ok", "docker 29.0.1", ""),
        (doctor.docker("docker", saying("Permission Denied", 1)), "warn", "Denied", "usermod"),
        (doctor.docker("docker", saying("no answer within 5 s", None)), "warn", "5 s", "start"),
        (doctor.docker(None, saying(""), engine="podman"), "warn", "podman is not on", "install"),
        (doctor.memory("MemTotal: 9 kB\nMemAvailable: 8388608 kB\n"), "ok", "8.0 GiB", ""),
        (doctor.memory("MemAvailable: 1048576 kB"), "warn", "1.0 GiB", "2 GiB"),
        (doctor.memory("MemAvailable: 1024 kB"), "fail", "0.0 GiB", "free"),
        (doctor.memory(""), "ok", "does not tell", ""),
        (doctor.node_image("", "docker", saying("")), "ok", "kind's own", ""),
        (doctor.node_image("n:v1", "", saying("")), "ok", "no engine", ""),
        (doctor.node_image("n:v1", "docker", saying("amd64")), "ok", "n:v1, amd64", ""),
        (doctor.node_image("n:v1", "docker", saying("No such image", 1)), "warn", "n:v1", "load"),
        (doctor.node_image("n:v1", "docker", of_arm), "warn", "is for arm64", "HARNESS_KIND"),
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
    none = doctor.toxiproxy(None, cache, doctor.ask)
    assert (none.status, none.fix) == ("warn", "harness setup toxiproxy, for the real one")
    says = "toxiproxy-server version 2.12.0"
    for folder in (cache / "bin", tmp_path / "path", tmp_path / "named"):
        path = program(folder, "toxiproxy-server", says)
        named = str(path) if folder.name == "named" else None
        check = doctor.toxiproxy(named, cache, doctor.ask)
        assert (check.status, check.found) == ("ok", f"{path}, version 2.12.0")


@pytest.mark.parametrize(
    ("says", "status", "found"),
    [
        ("kind v0.33.0 go1.26.8 linux/amd64", "ok", "v0.33.0"),
        ("kind v0.20.0 go1.20.4 linux/amd64", "ok", "v0.20.0"),
        ("kind v0.19.0 go1.20.4 linux/amd64", "warn", "is kind 0.19, and 0.20 or later is needed"),
        ("usage: something else", "warn", "is no kind"),
    ],
)
def test_the_kind_that_would_be_used_is_named(
    tmp_path: Path, says: str, status: str, found: str
) -> None:
    """On PATH before the cache, and not an old one."""
    path = program(tmp_path / "path", "kind", says)
    program(tmp_path / "cache" / "bin", "kind", "kind v9.9.9")
    check = doctor.kind(None, tmp_path / "cache", doctor.ask, path=str(tmp_path / "path"))
    assert (check.status, found in check.found) == (status, True)
    assert str(path) in check.found
    cached = doctor.kind(None, tmp_path / "cache", doctor.ask, path="")
    assert cached.found.endswith("v9.9.9")
    wished = doctor.kind("no-such-kind", tmp_path / "cache", doctor.ask)
    assert (wished.status, "HARNESS_KIND" in wished.fix) == ("warn", True)


@pytest.mark.parametrize("says", ["toxiproxy-server version 1.2.1", "", "usage: something else"])
def test_an_old_or_foreign_toxiproxy_fails(tmp_path: Path, says: str) -> None:
    """Another major version has another interface."""
    path = program(tmp_path, "toxiproxy-server", says)
    check = doctor.toxiproxy(str(path), tmp_path, doctor.ask)
    assert check.status == "fail"
    assert str(path) in check.found
    assert "2.12.0 is needed" in check.fix


def test_the_distribution_that_would_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The named one, which must be there, then the cache's, then none."""
    monkeypatch.setenv("PATH", "")
    cache = tmp_path / "cache"
    assert doctor.distribution(None, cache).found.startswith("none")
    program = cache / "bin" / "registry"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert doctor.distribution(None, cache).found == str(program)
    assert doctor.distribution(str(program), tmp_path).found == str(program)
    missing = doctor.distribution("/nowhere/registry", cache)
    assert (missing.status, "HARNESS_DISTRIBUTION" in missing.fix) == ("fail", True)


def test_a_named_toxiproxy_that_is_not_there_fails(tmp_path: Path) -> None:
    """A wish is not passed over."""
    check = doctor.toxiproxy(str(tmp_path / "nothing"), tmp_path, doctor.ask)
    assert check.status == "fail"
    assert "nothing" in check.found
    assert "HARNESS_TOXIPROXY" in check.fix


def test_a_program_that_hangs_or_cannot_start_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The doctor does not hang with it."""
    monkeypatch.setattr(doctor, "_ANSWER_S", 0.2)
    assert doctor.ask(["sleep", "30"]) == ProgramOutput(code=None, text="no answer within 0.2 s")
    assert doctor.ask([str(tmp_path / "no")]).text == "cannot be started: No such file or directory"


def test_this_machine_can_run(tmp_path: Path) -> None:
    """Every check has its own name, and nothing here stops a run."""
    checks = examine(dict(os.environ), tmp_path)
    names = [check.name for check in checks]
    assert len(set(names)) == len(names)
    assert {"python", "toxiproxy", "go", "open files", "disk", "loopback", "kind", "docker"} < set(
        names
    )
    assert [check for check in checks if check.status == "fail"] == []


def test_an_empty_environment_is_examined_too(tmp_path: Path) -> None:
    """No PATH at all: programs are missing, and that is all."""
    found = {check.name: check.status for check in examine({"PATH": ""}, tmp_path)}
    assert found["kind"] == "warn"
    assert found["docker"] == "warn"
