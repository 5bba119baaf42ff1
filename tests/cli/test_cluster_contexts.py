"""A cluster of the user's own: what is refused before anything starts."""

from pathlib import Path

import pytest

from tests.program import harness, verb

SCENARIO = """\
name: mine
environment:
  cluster: {provider: existing, context: prod, registry_host: 127.0.0.1, nodes: 2}
images:
  app: {size: 2MiB}
load:
  rollouts: [{name: app, image: app, replicas: 4}]
expect:
  - {metric: pods_ready, at_least: 100%}
"""
CONFIG = """\
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
contexts: [{name: prod, context: {cluster: c, user: u}}]
users: [{name: u, user: {}}]
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "config").write_text(CONFIG, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "context 'prod' is used only with --allow-context prod, which names nothing"),
        (("--allow-context", "dev"), "which names 'dev'"),
        (("--allow-context", "prod", "--kubeconfig", "gone"), "no kubeconfig there: gone"),
        (("--allow-context", "prod", "--kubeconfig", "mine.yaml"), "mine.yaml: is no kubeconfig"),
    ],
)
def test_a_run_without_leave_makes_nothing(
    options: tuple[str, ...], said: str, scenario: Path
) -> None:
    """Exit 2 and one sentence."""
    done = verb("run", scenario, *options, folder=scenario.parent)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (scenario.parent / "reports").exists()


def test_an_api_that_does_not_answer_ends_the_run(scenario: Path) -> None:
    """Exit 3; nothing is left, and the user's file stays where it is."""
    options = ("--allow-context", "prod", "--kubeconfig", "config")
    done = harness("run", scenario, *options, folder=scenario.parent)
    assert done.returncode == 3
    assert "nodes: the Kubernetes API cannot be reached" in done.stderr
    for path in (scenario.parent / "reports").rglob("*"):
        assert path.is_dir() or "127.0.0.1:1" not in path.read_text(encoding="utf-8"), path


def test_up_goes_to_no_cluster_of_the_users(scenario: Path) -> None:
    """Only a run, which ends, does."""
    done = verb("up", scenario, folder=scenario.parent)
    assert done.returncode == 2
    assert "provider existing is for harness run" in done.stderr


def test_a_plan_says_whose_nodes_they_are(scenario: Path) -> None:
    """Without asking anybody."""
    assert "nodes     2 existing" in verb("plan", scenario, folder=scenario.parent).stdout
