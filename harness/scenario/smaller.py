"""The same scenario on fewer nodes."""

from dataclasses import replace

from harness.load.orders import CLIENTS_NODE
from harness.scenario.loading import Scenario
from harness.scenario.model import FaultEntry
from harness.scenario.selections import node_names


def on_fewer_nodes(scenario: Scenario, nodes: int) -> Scenario:
    """`scenario` on `nodes` nodes, or as it is when it has no more than that.

    Node n of the old ones becomes node n * new / old: faults that hit apart hit apart as long as
    there are nodes for it. Pods and background load stay, so that expectations keep their samples.
    """
    before = scenario.body.environment.cluster.nodes
    if nodes >= before:
        return scenario
    body = scenario.body
    cluster = body.environment.cluster.model_copy(update={"nodes": nodes})
    environment = body.environment.model_copy(update={"cluster": cluster})
    return replace(
        scenario,
        body=body.model_copy(update={"environment": environment}),
        faults=tuple(_fewer_places(entry, nodes, before) for entry in scenario.faults),
    )


def _fewer_places(entry: FaultEntry, nodes: int, before: int) -> FaultEntry:
    where = entry.occurrence.where
    if where.nodes is None:
        return entry
    chosen = node_names(where.nodes, before)
    numbers = {int(name.rpartition("-")[2]) for name in chosen if name != CLIENTS_NODE}
    kept = [str(number) for number in sorted({number * nodes // before for number in numbers})]
    text = ",".join([*kept, *([CLIENTS_NODE] if CLIENTS_NODE in chosen else [])])
    narrower = where.model_copy(update={"nodes": text})
    occurrence = entry.occurrence.model_copy(update={"where": narrower})
    return entry.model_copy(update={"occurrence": occurrence})
