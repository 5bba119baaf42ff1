"""Registries that are not ours, from the command line: allowed, logged in to, cleaned up behind."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.distribution import require_distribution
from tests.program import (
    LIMIT_S,
    brief,
    harness,
    left_behind,
    run_folder,
    start,
    verb,
    wait_for_event,
)
from tests.scripted_server import FIN, Steps, ok, promised, scripted
from tests.standing import Standing, standing


def external(up: Standing) -> list[str]:
    """The options that make a registry that stands an external one."""
    url = up.told["registry"]["direct_url"]
    registry = f"{{provider: external, url: '{url}', username_from: R_USER, password_from: R_PASS}}"
    return ["--set", f"environment.registry={registry}"]


def tags(up: Standing, repository: str) -> list[str]:
    login = (up.username, up.password)
    base = up.told["registry"]["direct_url"]
    with httpx.Client(base_url=base, trust_env=False) as client:
        scope = {"scope": f"repository:{repository}:pull"}
        token = client.get("/token", params=scope, auth=login).json()["token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = client.get(f"/v2/{repository}/tags/list", headers=headers)
        return list(answer.json().get("tags") or [])


def test_an_external_registry_is_pulled_from_and_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tags stay, ours go; a gateway fault bites; no file knows the login."""
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").mkdir()
    with standing(tmp_path / "theirs") as up:
        monkeypatch.setenv("R_USER", up.username)
        monkeypatch.setenv("R_PASS", up.password)
        host = urlsplit(up.told["registry"]["direct_url"]).netloc
        before = tags(up, "app")
        scenario = brief(tmp_path / "ours", "latency: {delay: 20ms}")
        options = [*external(up), "--json", "-q"]
        refused = verb("run", scenario, *options, folder=tmp_path / "ours")
        assert refused.returncode == 2
        assert f"allow it by name with --allow-registry {host}" in refused.stderr
        assert not (tmp_path / "ours" / "reports").exists()
        done = harness(
            "run", scenario, *options, "--allow-registry", host, folder=tmp_path / "ours"
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout)["verdict"] == "pass"
        assert tags(up, "app") == before
        assert not left_behind(tmp_path / "ours")
        secret = up.password.encode()
        written = [path for path in (tmp_path / "ours").rglob("*") if path.is_file()]
        assert [path for path in written if secret in path.read_bytes()] == []


def test_what_a_killed_run_pushed_is_taken_away_by_recover(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not without leave for that registry, and only the run's own tags."""
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    ours.mkdir()
    with standing(theirs) as up:
        monkeypatch.setenv("R_USER", up.username)
        monkeypatch.setenv("R_PASS", up.password)
        leave = ["--allow-registry", urlsplit(up.told["registry"]["direct_url"]).netloc]
        process = start("run", brief(ours), *external(up), *leave, "-q", folder=ours)
        wait_for_event(ours, "load_started")
        process.kill()
        process.communicate(timeout=LIMIT_S)
        run_id = run_folder(ours).name.rpartition("-")[2]
        assert [tag for tag in tags(up, "app") if tag.endswith(f"-{run_id}")]
        refused = harness("recover", folder=ours)
        assert refused.returncode == 3
        assert leave[1] in refused.stdout
        done = harness("recover", *leave, folder=ours)
        assert done.returncode == 0, done.stdout
        assert tags(up, "app") == ["v1"]
        assert harness("recover", folder=ours).stdout == "reports: nothing to undo\n"


HOSTILE: dict[str, tuple[Steps, str]] = {
    "endless": (
        [b"HTTP/1.1 200 OK\r\n\r\n", *([bytes(1 << 20)] * 64), FIN],
        "was answered 200, not 201",
    ),
    "short": ([promised(100, b"short"), FIN], "was answered 200, not 201"),
    "a head of 10 MB": ([b"HTTP/1.1 200 OK\r\nX: " + b"a" * 10_000_000], "Receive buffer too long"),
    "a Location to elsewhere": (
        [ok(b"", "Location: http://evil.example/../../x", status="307 Temporary Redirect")],
        "evil.example, which --allow-registry does not allow",
    ),
    "malformed JSON": (
        [ok(b"[" * 100_000, 'WWW-Authenticate: Bearer realm="/../token"', status="401 No")],
        "gives nobody no token: GET /token: 401",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_registry_is_an_end_with_a_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """One sentence, the code of an environment, and nothing outside the run's folder."""
    steps, said = HOSTILE[name]
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    scenario = brief(tmp_path)
    before = set(tmp_path.rglob("*"))
    with scripted([steps]) as server:
        registry = f"{{provider: external, url: '{server.url}'}}"
        options = ["--set", f"environment.registry={registry}", "-q"]
        host = f"127.0.0.1:{server.port}"
        done = harness("run", scenario, *options, "--allow-registry", host, folder=tmp_path)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    (sentence,) = [line for line in done.stderr.splitlines() if line.startswith("harness: ")]
    assert said in sentence
    assert not left_behind(tmp_path)
    written = set(tmp_path.rglob("*")) - before
    assert all(path.is_relative_to(tmp_path / "reports") for path in written)


@pytest.mark.distribution
def test_distribution_is_pulled_from_as_the_embedded_registry_is(tmp_path: Path) -> None:
    """A whole run, with tokens, and a fault of the gateway."""
    require_distribution()
    scenario = brief(tmp_path, "expired_credentials: {mode: token}")
    provider = ["--set", "environment.registry.provider=distribution"]
    done = harness("run", scenario, *provider, "--json", "-q", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not left_behind(tmp_path)
    assert not (run_folder(tmp_path) / "registry").exists()


@pytest.mark.parametrize(
    ("registry", "said"),
    [
        ("{provider: external}", "external needs url"),
        ("{url: 'https://r.example'}", "is for provider: external only"),
        ("{provider: external, url: 'https://u:p@r.example'}", "holds a login"),
        ("{provider: external, url: 'https://r.example/v2/'}", "has a path"),
        ("{provider: external, url: r.example}", "no address of http"),
        ("{provider: external, url: 'https://r.example', username_from: A}", "both or neither"),
        ("{provider: external, url: 'https://r.example', username_from: 'a-b'}", "username_from"),
    ],
)
def test_a_registry_that_cannot_be_found_is_refused(
    tmp_path: Path, registry: str, said: str
) -> None:
    """As every other mistake of a scenario, before anything is started."""
    scenario = brief(tmp_path)
    done = verb("check", scenario, "--set", f"environment.registry={registry}", folder=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr


def test_content_at_rest_is_changed_in_the_embedded_registry_only(tmp_path: Path) -> None:
    """One sentence, at plan time and for a held fault."""
    scenario = brief(tmp_path, "corrupted_blob: {on: rest}")
    provider = ["--set", "environment.registry.provider=distribution"]
    done = verb("plan", scenario, *provider, folder=tmp_path)
    assert done.returncode == 2
    assert "changes stored content, which needs provider: embedded, got distribution" in done.stderr
    done = verb("up", *provider, "--fault", "corrupted_blob: {on: rest}", folder=tmp_path)
    assert done.returncode == 2
    assert "changes stored content, which needs provider: embedded, got distribution" in done.stderr
