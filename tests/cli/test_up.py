"""`harness up`: an environment for somebody else's client."""

import json
import signal
import ssl
from pathlib import Path

import httpx

from tests.program import LIMIT_S, events, left_behind, run_folder, start, verb


def test_it_prints_one_object_holds_its_faults_and_closes_on_sigterm(tmp_path: Path) -> None:
    """A client that needs nothing but the JSON pulls a manifest, late; no file knows the secret."""
    process = start(
        "up", "--json", "--link", "embedded", "--fault", "latency: {delay: 200ms}", folder=tmp_path
    )
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    assert set(told) >= {"registry", "link", "resolver", "credentials", "images", "run_folder"}
    assert told["pid"] == process.pid
    assert told["link"]["kind"] == "embedded"
    name, tag = next(iter(told["images"])).split(":")
    secret = told["credentials"]["password"]
    with httpx.Client(base_url=told["registry"]["url"], trust_env=False) as client:
        refused = client.get(f"/v2/{name}/manifests/{tag}")
        assert refused.status_code == 401
        assert refused.elapsed.total_seconds() >= 0.2
        token = client.get(
            "/token",
            params={"scope": f"repository:{name}:pull"},
            auth=(told["credentials"]["username"], secret),
        ).json()["token"]
        found = client.get(
            f"/v2/{name}/manifests/{tag}", headers={"Authorization": f"Bearer {token}"}
        )
        assert found.headers["docker-content-digest"] == told["images"][f"{name}:{tag}"]["digest"]
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0
    assert not left_behind(tmp_path)
    healed = [event for event in events(tmp_path) if event["event"] == "fault_healed"]
    assert [event["fault"] for event in healed] == ["latency-1"]
    for path in run_folder(tmp_path).rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
            assert token.encode() not in path.read_bytes(), path


def test_with_tls_a_client_trusts_the_authority_of_the_run(tmp_path: Path) -> None:
    """By the file that the JSON names, until a fault shows another certificate."""
    process = start("up", "--json", "--tls", "--link", "embedded", folder=tmp_path)
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    trust = ssl.create_default_context(cafile=told["registry"]["ca_file"])
    for url in (told["registry"]["url"], told["registry"]["direct_url"]):
        with httpx.Client(trust_env=False, verify=trust) as client:
            answer = client.get(f"{url}/v2/")
        assert answer.headers["www-authenticate"].startswith(f'Bearer realm="{url}/token"')
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0


def test_a_fault_of_handshakes_is_refused_without_tls(tmp_path: Path) -> None:
    done = verb("up", "--fault", "tls_timeout:", folder=tmp_path)
    assert done.returncode == 2
    assert "--fault tls_timeout: needs environment.registry.tls: true (up: --tls)" in done.stderr


def test_a_fault_that_is_none_is_refused_before_anything_starts(tmp_path: Path) -> None:
    done = verb("up", "--fault", "latency: {delay: 200}", folder=tmp_path)
    assert done.returncode == 2
    assert "must be a duration with its unit" in done.stderr
    assert not (tmp_path / "reports").exists()


def test_a_fault_that_finds_nothing_is_reported_and_all_is_closed(tmp_path: Path) -> None:
    """It is known only when the images are there: the environment could not be set up as asked."""
    process = start("up", "--fault", "over_eager_cleanup: {keep: 9}", folder=tmp_path)
    _, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 3
    assert "--fault: keep: must be less than the versions of a repository, got 9" in err
    assert not left_behind(tmp_path)
