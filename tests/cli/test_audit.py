"""`harness audit` as a user runs it: exit codes, outputs, the state between two audits."""

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import typer
from typer.testing import CliRunner

from harness.cli import audit
from harness.oci.digest import digest_of
from tests.scripted_server import HANG, Ask, ScriptedServer, Steps, ok, scripted

ONE, TWO = b'{"schemaVersion":2}', b'{"schemaVersion":2 }'


class Registry:
    """One tag of an empty manifest, which can be moved."""

    def __init__(self) -> None:
        self.content = ONE
        self.login = ""
        self.hangs = ""

    def __call__(self, ask: Ask, _: int) -> Steps:
        if self.hangs and self.hangs in ask.path:
            return [HANG]
        if self.login and ask.headers.get("authorization") != self.login:
            wants = 'WWW-Authenticate: Basic realm="r"'
            return [ok(b"", wants, status="401 Unauthorized")]
        path = ask.path.partition("?")[0]
        lists = {
            "/v2/": b"{}",
            "/v2/_catalog": b'{"repositories":["team/app"]}',
            "/v2/team/app/tags/list": b'{"tags":["v1"]}',
        }
        if path in lists:
            return [ok(lists[path])]
        if "/manifests/" not in path:
            return [ok(b"", status="404 Not Found")]
        stored = next((it for it in (ONE, TWO) if digest_of(it) in path), self.content)
        whole = ok(stored, f"Docker-Content-Digest: {digest_of(stored)}")
        return [whole.removesuffix(stored) if ask.method == "HEAD" else whole]


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def server(registry: Registry) -> Iterator[ScriptedServer]:
    with scripted(registry) as made:
        yield made


def harness(*words: str | Path, **variables: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    app = typer.Typer()
    audit.add_to(app)
    nobody = {
        "HARNESS_REGISTRY_USERNAME": "",
        "HARNESS_REGISTRY_PASSWORD": "",
        "DOCKER_CONFIG": "/nowhere",
    }
    result = CliRunner().invoke(app, list(map(str, words)), env=nobody | variables)
    return result.exit_code, result.stdout, result.stderr


def test_clean_findings_unreachable(server: ScriptedServer) -> None:
    """0, 1 and 3; what is looked at goes to stderr, results to stdout."""
    code, out, err = harness(server.url)
    assert (code, err) == (0, "team/app\n")
    assert out.startswith(f"CLEAN  nothing found in {server.url}: 1 repositories, 1 tags")
    code, out, err = harness(server.url, "--name-pattern", "other/*", "-q")
    assert (code, err) == (1, "")
    assert "name         team/app: matches no --name-pattern" in out
    code, out, err = harness("http://127.0.0.1:1")
    assert (code, out) == (3, "")
    assert err.startswith("harness: http://127.0.0.1:1/: GET /v2/: ConnectError")


def test_two_audits_see_what_moved(
    server: ScriptedServer, registry: Registry, tmp_path: Path
) -> None:
    """The second one, by the file that the first one saved; JSON and JUnit say the same."""
    state, junit = tmp_path / "state", tmp_path / "junit.xml"
    assert harness(server.url, "--save", state)[0] == 0
    assert harness(server.url, "--since", state)[0] == 0
    registry.content = TWO
    code, out, _ = harness(server.url, "--since", state, "--json", "--junit", junit)
    found = [(it["check"], it["subject"]) for it in json.loads(out)["findings"]]
    assert (code, found) == (1, [("moved", "v1"), ("untagged", digest_of(ONE))])
    suite = ET.parse(junit).getroot()[0]  # noqa: S314  our own
    failed = [case.get("name") for case in suite if len(case)]
    assert failed == ["untagged", "moved"]


def test_a_login_comes_from_the_environment(server: ScriptedServer, registry: Registry) -> None:
    """And is in no output."""
    registry.login = "Basic cm9ib3Q6czNjcmV0"
    login = {"HARNESS_REGISTRY_USERNAME": "robot", "HARNESS_REGISTRY_PASSWORD": "s3cret"}
    assert harness(server.url, **login)[0] == 0
    code, out, err = harness(server.url)
    assert (code, "wants a user name and password" in out) == (1, True)
    code, out, err = harness(server.url, **(login | {"HARNESS_REGISTRY_PASSWORD": "wr0ng"}))
    assert (code, "credentials  registry: GET /v2/: 401" in out) == (1, True)
    assert "wr0ng" not in out + err


def test_a_login_comes_from_dockers_configuration(
    server: ScriptedServer, registry: Registry, tmp_path: Path
) -> None:
    """That of this host; one that is no configuration is told by name."""
    registry.login = "Basic cm9ib3Q6czNjcmV0"
    config = tmp_path / "config.json"
    entry = {"auth": registry.login.removeprefix("Basic ")}
    config.write_text(json.dumps({"auths": {f"127.0.0.1:{server.port}": entry}}))
    assert harness(server.url, DOCKER_CONFIG=str(tmp_path))[0] == 0
    config.write_text("[]")
    code, _, err = harness(server.url, DOCKER_CONFIG=str(tmp_path))
    assert (code, f"{config}: is no Docker configuration" in err) == (2, True)


def test_what_a_timeout_leaves_out_is_reported_and_not_saved(
    server: ScriptedServer, registry: Registry, tmp_path: Path
) -> None:
    """4, with all that was found; before the first answer there is nothing to tell: 3."""
    junit, state = tmp_path / "junit.xml", tmp_path / "state"
    registry.hangs = "/manifests/sha256"
    options = ("--timeout", "500ms", "--save", state, "--junit", junit, "-q")
    code, out, err = harness(server.url, *options)
    assert (code, err) == (4, f"harness: {state}: not saved, because not all was looked at\n")
    assert out.startswith(f"PARTIAL  0 findings so far in {server.url}: 1 repositories, 1 tags")
    assert "not looked at: team/app: 1 manifests\n" in out
    assert not state.exists()
    (error,) = ET.parse(junit).getroot().iter("error")  # noqa: S314  our own
    assert error.text == "team/app: 1 manifests\n"
    registry.hangs = "/v2/"
    code, out, err = harness(server.url, "--timeout", "200ms")
    assert (code, out) == (3, "")
    assert err == f"harness: {server.url}/: no answer within --timeout, 0.2 s\n"


def test_a_registry_without_tls_says_how_to_name_it(server: ScriptedServer) -> None:
    """Without a scheme it is asked for TLS; there a plain one answers nonsense or nothing."""
    host = server.url.removeprefix("http://")
    code, out, err = harness(host, "--timeout", "5s")
    assert (code, out) == (3, "")
    assert err.endswith(f"; a registry without TLS is named http://{host}\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ftp://r.test"], "must be http or https"),
        (["r.test", "--platform", "arm"], "must be as linux/amd64"),
        (["r.test", "--quota", "3"], "must be a size with its unit"),
        (["r.test", "--repository", "App"], "must be a name, as team/app"),
        (["r.test", "--timeout", "0s"], "--timeout: must be longer than nothing, got '0s'"),
        (["r.test", "--timeout", "3"], "--timeout: must be a duration with its unit"),
        (["r.test", "--since", "/nowhere/state"], "No such file"),
        (["r.test", "--ca", "/nowhere/ca"], "No such file"),
    ],
)
def test_usage_errors(words: list[str], said: str) -> None:
    """2, in one sentence."""
    code, out, err = harness(*words)
    assert (code, out) == (2, "")
    assert said in err


def test_half_a_login_is_refused() -> None:
    """A user name without a password is a mistake, not nobody."""
    code, _, err = harness("r.test", HARNESS_REGISTRY_USERNAME="robot")
    assert (code, "set both HARNESS_REGISTRY_USERNAME" in err) == (2, True)
