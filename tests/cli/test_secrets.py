"""What is secret in a run: nothing that it writes or prints has it."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness.registry.profiles import PROFILES
from tests.distribution import require_distribution
from tests.program import brief, harness, run_folder
from tests.secrecy import betrayed, spied
from tests.standing import standing

LIMIT_S = 180.0  # pods back off, and whole reports are written
TOKENS_END = "expired_credentials: {mode: token, error: none}"
# Faults whose errors tell much: each is told to pods, recorded, and drawn in reports.
RUNS = {
    "tokens, and tickets for storage": (
        "{auth: token}",
        "redirect_to_slow_storage: {rate: 10MB/s}\n    at: 0s\n    for: 1s\n  - " + TOKENS_END,
    ),
    "TLS": ("{auth: token, tls: true}", "expired_certificate:"),
    "a profile with its own user name": (
        "{auth: token, profile: ecr, tls: true}",
        "expired_credentials: {mode: secret}",
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_no_secret_of_a_run_is_written_or_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Password, tokens, private keys, tickets for storage: in no file, decoded, and no output."""
    registry, fault = RUNS[name]
    ours = tmp_path / "ours"
    ours.mkdir()
    secrets = spied(tmp_path, monkeypatch)
    done = harness(
        "run",
        brief(ours, fault),
        "--set",
        f"environment.registry={registry}",
        folder=ours,
        limit_s=LIMIT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = secrets.all()
    wanted = {"a password"} | ({"a private key"} if "tls" in registry else set())
    wanted |= set() if "ecr" in registry else {"a token"}  # there the login itself is shown
    assert wanted <= set(found.values())
    for password in [it for it, what in found.items() if what == "a password"]:
        for profile in PROFILES.values():
            secrets.add_login(profile.username, password)
    assert betrayed(secrets.all(), ours, done.stdout, done.stderr) == []


def test_no_secret_of_an_external_registry_is_written_or_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the login that variables gave, nor a token that the registry gave out for it."""
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    ours.mkdir()
    secrets = spied(tmp_path, monkeypatch)
    with standing(theirs) as up:
        monkeypatch.setenv("R_USER", up.username)
        monkeypatch.setenv("R_PASS", up.password)
        secrets.add_login(up.username, up.password)
        url = up.told["registry"]["direct_url"]
        registry = (
            f"{{provider: external, url: '{url}', username_from: R_USER, password_from: R_PASS}}"
        )
        leave = ["--allow-registry", urlsplit(url).netloc]
        done = harness(
            "run",
            brief(ours, TOKENS_END),
            "--set",
            f"environment.registry={registry}",
            *leave,
            folder=ours,
            limit_s=LIMIT_S,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    found = secrets.all()
    assert "a token" in found.values()
    assert betrayed(found, ours, done.stdout, done.stderr) == []
    assert betrayed(found, run_folder(theirs)) == []


@pytest.mark.distribution
def test_no_secret_before_distribution_is_written_or_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tokens before it are the harness's own."""
    require_distribution()
    ours = tmp_path / "ours"
    ours.mkdir()
    secrets = spied(tmp_path, monkeypatch)
    provider = ["--set", "environment.registry.provider=distribution"]
    done = harness("run", brief(ours, TOKENS_END), *provider, folder=ours, limit_s=LIMIT_S)
    assert done.returncode == 0, done.stdout + done.stderr
    found = secrets.all()
    assert {"a password", "a token"} <= set(found.values())
    assert betrayed(found, ours, done.stdout, done.stderr) == []
