"""Every provider that a scenario may name opens a cluster, and nothing else knows which it is."""

import ast
from pathlib import Path
from typing import get_args

import pytest

from harness.clusters.providers import PROVIDERS
from harness.scenario.environment_model import Cluster

HARNESS = Path(__file__).parents[2] / "harness"


def test_every_provider_of_a_scenario_is_there() -> None:
    """By its word, and no other."""
    assert sorted(PROVIDERS) == sorted(get_args(Cluster.model_fields["provider"].annotation))


def test_no_engine_file_asks_which_provider_it_is() -> None:
    """A run asks the cluster: no word of a provider is compared, no class of one looked for."""
    asking = [
        f"{path.relative_to(HARNESS)}:{node.lineno}: {ast.unparse(node)}"
        for folder in ("run", "clusters")
        for path in (HARNESS / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.expr) and (compares_a_provider(node) or looks_for_a_cluster(node))
    ]
    assert asking == []


def compares_a_provider(node: ast.AST) -> bool:
    """As `plan.cluster.provider == "kind"`."""
    return isinstance(node, ast.Compare) and "cluster.provider" in ast.unparse(node)


def looks_for_a_cluster(node: ast.AST) -> bool:
    """As `isinstance(cluster, KindCluster)`."""
    words = ast.unparse(node) if isinstance(node, ast.Call) else ""
    return words.startswith("isinstance(") and words.endswith("Cluster)")


@pytest.mark.parametrize(
    "source", ['plan.cluster.provider != "kind"', "isinstance(room, KindCluster)"]
)
def test_such_a_question_is_found(source: str) -> None:
    """As they once stood there."""
    (node,) = (it.value for it in ast.parse(source).body if isinstance(it, ast.Expr))
    assert compares_a_provider(node) or looks_for_a_cluster(node)
