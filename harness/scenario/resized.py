"""The same scenario on another number of nodes."""

from dataclasses import replace

from harness.load.orders import CLIENTS_NODE
from harness.scenario.checks import nodes_rule
from harness.scenario.complaints import Complaint, ScenarioError
from harness.scenario.loading import Scenario
from harness.scenario.model import FaultEntry
from harness.scenario.selections import node_names


def on_nodes(scenario: Scenario, nodes: int) -> Scenario:
    """`scenario` on `nodes` nodes. Raises ScenarioError for more than the provider can have.

    Of nodes a..b, those from a * new / old to b * new / old are left: faults that hit apart hit
    apart as long as there are nodes for it. Pods and background load stay, so that expectations
    keep their samples.
    """
    cluster = scenario.body.environment.cluster
    before = cluster.nodes
    if rule := nodes_rule(cluster.provider, nodes):
        raise ScenarioError([Complaint(place="--nodes:", key="", rule=rule)])
    if nodes == before:
        return scenario
    resized = cluster.model_copy(update={"nodes": nodes})
    environment = scenario.body.environment.model_copy(update={"cluster": resized})
    return replace(
        scenario,
        body=scenario.body.model_copy(update={"environment": environment}),
        faults=tuple(_moved(entry, nodes, before) for entry in scenario.faults),
    )


def _moved(entry: FaultEntry, nodes: int, before: int) -> FaultEntry:
    where = entry.occurrence.where
    if where.nodes is None:
        return entry
    chosen = node_names(where.nodes, before)
    kept: set[int] = set()
    for name in chosen:
        if name != CLIENTS_NODE:
            number = int(name.rpartition("-")[2])
            first = number * nodes // before
            kept.update(range(first, max(first + 1, (number + 1) * nodes // before)))
    text = ",".join([*map(str, sorted(kept)), *([CLIENTS_NODE] if CLIENTS_NODE in chosen else [])])
    narrower = where.model_copy(update={"nodes": text})
    occurrence = entry.occurrence.model_copy(update={"where": narrower})
    return entry.model_copy(update={"occurrence": occurrence})
