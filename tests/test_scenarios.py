"""The scenarios that come with the harness: right, made to teach, and no fault is left out."""

from pathlib import Path

import pytest

from harness.faults import catalogue
from harness.plan.machine_forecast import machine_warnings
from harness.plan.plan import build_plan
from harness.scenario import load, on_nodes

ROOT = Path(__file__).parents[1]
SCENARIOS = sorted((ROOT / "scenarios").rglob("*.yaml"))

# Faults without a scenario, and why.
WITHOUT: dict[str, str] = {}

FOLDERS = {
    "authentication": "auth",
    "connectivity": "connectivity",
    "DNS": "dns",
    "images": "images",
    "nodes": "nodes",
    "performance": "performance",
    "quota": "quota",
    "repositories": "repositories",
    "TLS": "tls",
    "wrong address": "connectivity",
}


def faults_of(path: Path) -> set[str]:
    """The words of the faults that a scenario injects."""
    scenario = load(path)
    return {fault.fault.word for fault in build_plan(scenario, scenario.seed).faults}


def test_every_fault_is_in_a_scenario() -> None:
    """Or there is a reason, which goes when the scenario comes."""
    used = {word for path in SCENARIOS for word in faults_of(path)}
    assert set(catalogue()) - used == set(WITHOUT)


def test_every_area_has_a_folder_with_its_own_faults() -> None:
    areas = {fault.area for fault in catalogue().values()}
    assert areas == set(FOLDERS)
    for area, folder in FOLDERS.items():
        found = {
            word for path in SCENARIOS if path.parent.name == folder for word in faults_of(path)
        }
        assert area in {catalogue()[word].area for word in found}, f"scenarios/{folder}"


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_it_teaches(path: Path) -> None:
    """Its schema for editors, words on what it shows, a summary, expectations."""
    lines = path.read_text(encoding="utf-8").splitlines()
    depth = "../" * len(path.relative_to(ROOT).parents[:-1])
    assert lines[0] == (f"# yaml-language-server: $schema={depth}harness/scenario.schema.json")
    assert lines[1].startswith("# "), "says what it shows"
    scenario = load(path)
    assert scenario.body.summary
    assert scenario.body.expect


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
@pytest.mark.parametrize("cluster", ["emulated", "kind"])
def test_it_warns_of_nothing_on_any_cluster(path: Path, cluster: str) -> None:
    """Its faults affect something, and two cores carry it, on as few as two nodes."""
    scenario = load(path, [f"environment.cluster.provider={cluster}"])
    own = scenario.body.environment.cluster.nodes
    for nodes in (2, 3) if cluster == "kind" else (own, 3, 2):
        plan = build_plan(on_nodes(scenario, nodes))
        warnings = [*plan.warnings, *machine_warnings(plan, cpus=2, workers=1)]
        assert [f"{it.path}: {it.text}" for it in warnings] == [], f"{nodes} nodes"
