"""A registry to misbehave for a test of somebody's own client."""

import ssl
from pathlib import Path

import httpx
import pytest

from harness.environment.lab import EnvironmentFailed
from harness.scenario import ScenarioError
from harness.testing.lab import open_registry_lab
from tests.distribution import require_distribution
from tests.program import brief, events, left_behind
from tests.pytest_program import run_pytest

FIVE_LINES = """\
import urllib.error, urllib.request, pytest

def test_my_client(registry_lab, fault):
    with fault("pull_rate_limit: {limit: 0}"), pytest.raises(urllib.error.HTTPError, match="429"):
        urllib.request.urlopen(registry_lab.url + "/v2/app/manifests/v1")
"""


def test_a_fault_is_on_inside_its_block_and_counts_its_bites(tmp_path: Path) -> None:
    """Before and after it requests pass; a scenario names images and link."""
    with (
        open_registry_lab(brief(tmp_path), tmp_path / "reports") as lab,
        httpx.Client(base_url=lab.url, trust_env=False) as client,
    ):
        assert lab.link_kind == "embedded"
        assert lab.images["app:v1"].digest.startswith("sha256:")
        assert lab.url == f"http://{lab.host}"
        assert lab.ca_file is None
        assert client.get("/v2/").status_code == 401
        with lab.fault("pull_rate_limit: {limit: 0, retry_after: 3s}") as on:
            assert on.bites() == 0
            refused = client.get("/v2/app/manifests/v1")
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "3")
            assert on.bites() == 1
        assert client.get("/v2/app/manifests/v1").status_code == 401
        wrong = lab.fault("latency: {delay: 200}")
        with pytest.raises(ScenarioError, match="must be a duration with its unit"), wrong:
            pass
        assert lab.password not in repr(lab)
    told = [(event["event"], event.get("bites")) for event in events(tmp_path)]
    assert ("fault_healed", 1) in told
    assert not left_behind(tmp_path)


def test_five_lines_test_a_client(tmp_path: Path) -> None:
    """With the default environment; the session closes what it opened."""
    (tmp_path / "test_mine.py").write_text(FIVE_LINES, encoding="utf-8")
    done = run_pytest("--harness", "-W", "error", f"--basetemp={tmp_path}/t", folder=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_a_lab_by_a_scenario_that_is_wrong_says_so(tmp_path: Path) -> None:
    brief(tmp_path, **{"seed: 3": "seed: three"})
    (tmp_path / "pytest.ini").write_text("[pytest]\nharness_lab = brief.yaml\n", encoding="utf-8")
    (tmp_path / "test_mine.py").write_text(FIVE_LINES, encoding="utf-8")
    done = run_pytest("--harness", "test_mine.py", folder=tmp_path)
    assert "seed: must be a whole number" in done.stdout


def test_a_lab_before_an_external_registry_is_refused(tmp_path: Path) -> None:
    """It must be allowed on a command line, which a fixture has none of."""
    registry = "{registry: {provider: external, url: 'http://r.example'}, link: embedded"
    scenario = brief(tmp_path, **{"{link: embedded": registry})
    with (
        pytest.raises(EnvironmentFailed, match="allow it by name"),
        open_registry_lab(scenario, tmp_path / "reports"),
    ):
        raise AssertionError("it stands")
    assert not (tmp_path / "reports").exists()


def test_a_lab_carries_the_faults_of_its_own_environment(tmp_path: Path) -> None:
    """Handshakes where it speaks TLS; what it has no seam for is refused by name."""
    scenario = brief(tmp_path, **{"{link: embedded": "{registry: {tls: true}, link: embedded"})
    with open_registry_lab(scenario, tmp_path / "reports") as lab:
        assert lab.ca_file is not None
        trust = ssl.create_default_context(cafile=lab.ca_file)
        with lab.fault("expired_certificate: {ago: 1h}") as on:
            with pytest.raises(httpx.ConnectError, match="certificate has expired"):
                httpx.get(f"{lab.url}/v2/", trust_env=False, verify=trust)
            assert on.bites() == 1
        assert httpx.get(f"{lab.url}/v2/", trust_env=False, verify=trust).status_code == 401
        with pytest.raises(ValueError, match="changes nodes"), lab.fault("pull_qps:"):
            raise AssertionError("it is on")


@pytest.mark.distribution
def test_a_lab_before_the_reference_registry_has_the_same_faults(tmp_path: Path) -> None:
    """But those of content at rest, which is not ours."""
    require_distribution()
    registry = "{registry: {provider: distribution}, link: embedded"
    scenario = brief(tmp_path, **{"{link: embedded": registry})
    with open_registry_lab(scenario, tmp_path / "reports") as lab:
        with lab.fault("server_errors: {status: 503, share: 100%}") as on:
            url = f"{lab.url}/v2/app/manifests/v1"
            assert httpx.get(url, trust_env=False).status_code == 503
        assert on.bites() == 1
        with (
            pytest.raises(ValueError, match="changes stored content"),
            lab.fault("corrupted_blob: {on: rest}"),
        ):
            raise AssertionError("it is on")
