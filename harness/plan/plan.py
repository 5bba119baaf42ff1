"""A scenario resolved against its seed: every step with its time. Pure data, no clock, no disk."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from harness.environment.registry_settings import RegistrySettings
from harness.faults import Fault
from harness.load.orders import (
    CLIENTS_NODE,
    LoadOrders,
    PushesOrder,
)
from harness.oci.images import LAYERS_MAX, ImageSpec, plan_image
from harness.plan.aborts import AbortSignal, planned_rules, planned_signals, slow_limits
from harness.plan.expected_effects import ExpectedEffect, expected_effect, removals_of
from harness.plan.expected_load import Expected, expected_load
from harness.plan.least_time import Bound, give_up_warning, least_times, network_bounds
from harness.plan.registry import planned_registry, registry_keys
from harness.plan.rollouts import Versions, planned_rollouts
from harness.plan.storage_forecast import StorageForecast, storage_forecast
from harness.plan.streams import planned_pulls, planned_pushes
from harness.plan.traffic import traffic_of
from harness.plan.warnings import PlanWarning, warnings_of
from harness.recording.metrics import METRICS
from harness.recording.tally import AbortRule
from harness.registry.profile import ProfileName
from harness.registry.profiles import PROFILES
from harness.scenario import Scenario
from harness.scenario.checks import limit
from harness.scenario.complaints import dotted
from harness.scenario.environment_model import Cluster
from harness.scenario.extent import last_step_s, spans_of
from harness.scenario.model import Expectation, FaultEntry
from harness.scenario.selections import node_name, node_names, numbers
from harness.seams import Where


@dataclass(frozen=True, kw_only=True)
class PlannedFault:
    """One occurrence of a fault."""

    id: str  # "latency-1"; the second entry of that word is "latency-2"
    word: str
    occurrence: int
    fault: Fault
    where: Where
    at_s: float
    ends_s: float


@dataclass(frozen=True, kw_only=True)
class PlannedExpectation:
    """An expectation with its limit in the metric's unit (s or share)."""

    metric: str
    quantile: float | None
    phase: str | None
    fault: str | None
    image: str | None
    rollout: str | None
    at_most: float | None
    at_least: float | None


@dataclass(frozen=True, kw_only=True)
class PlannedCluster:
    """Who pulls. `image` is kind's, `context` and `registry_*` are an existing cluster's."""

    provider: Literal["simulated", "emulated", "kind", "existing"]
    image: str | None
    pull_secret: Literal["pod", "service_account"]
    context: str
    registry_host: str
    registry_port: int


_APART = ("faults", "effects", "warnings")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that a run does. Times are seconds since it began."""

    scenario: str
    summary: str
    seed: int
    link: Literal["auto", "embedded", "toxiproxy", "none"]
    cluster: PlannedCluster
    registry: RegistrySettings
    images: tuple[ImageSpec, ...]
    disk_bytes: int
    load: LoadOrders
    faults: tuple[PlannedFault, ...]
    expectations: tuple[PlannedExpectation, ...]
    abort_when: tuple[AbortRule, ...]
    abort_signals: tuple[AbortSignal, ...]
    steps_end_s: float  # the last thing that is due
    ends_s: float  # when pods that are not Ready by then are given up
    expected: Expected
    effects: tuple[ExpectedEffect, ...]  # of each of `faults`
    warnings: tuple[PlanWarning, ...]
    least_times: tuple[Bound, ...]  # the one that binds first
    storage: StorageForecast | None = None  # where there is a quota and something is pushed

    def to_json(self) -> str:
        """The plan as JSON: the same bytes for the same scenario and seed."""
        data = {name: value for name, value in vars(self).items() if name not in _APART}
        plain = {name: _plain(value) for name, value in data.items()}
        plain["warnings"] = [{"key": dotted(it.path), "text": it.text} for it in self.warnings]
        plain |= registry_keys(plain["registry"])
        plain["faults"] = [
            {
                "id": fault.id,
                "word": fault.word,
                "occurrence": fault.occurrence,
                "at_s": fault.at_s,
                "ends_s": fault.ends_s,
                "where": asdict(fault.where),
                "settings": fault.fault.model_dump(mode="json"),
                "expected": asdict(effect),
            }
            for fault, effect in zip(self.faults, self.effects, strict=True)
        ]
        return json.dumps(plain, indent=1, sort_keys=True) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value


def _planned_cluster(cluster: Cluster) -> PlannedCluster:
    return PlannedCluster(
        provider=cluster.provider,
        image=cluster.image,
        pull_secret=cluster.pull_secret,
        context=cluster.context or "",
        registry_host=cluster.registry_host or "",
        registry_port=cluster.registry_port,
    )


def build_plan(scenario: Scenario, seed: int | None = None) -> Plan:
    """The plan of `scenario`, with its own seed or another."""
    body, seed = scenario.body, scenario.seed if seed is None else seed
    registry = body.environment.registry
    nodes = tuple(node_name(number) for number in range(body.environment.cluster.nodes))
    versions = Versions(scenario, seed)
    rollouts = tuple(planned_rollouts(scenario, versions, nodes, seed))
    named = _faults(scenario.faults, len(nodes), registry.profile)
    faults = tuple(sorted(named, key=lambda it: (it.at_s, it.id)))
    last_s = last_step_s(body, scenario.faults)
    pulls = tuple(
        planned_pulls(index, it, versions, last_s, seed) for index, it in enumerate(body.load.pulls)
    )
    pushes = tuple(
        planned_pushes(index, it, last_s, seed) for index, it in enumerate(body.load.pushes)
    )
    due = [*(it.due_s for it in pulls), *(it.due_s for it in pushes)]
    steps_end_s = max((last_s, *(due_s[-1] for due_s in due if due_s)))
    rules = tuple(planned_rules(body.abort_when))
    load = LoadOrders(
        seed=seed,
        until_s=steps_end_s + body.load.give_up_s,
        nodes=nodes,
        node_settings=body.environment.cluster.node_settings(),
        rollouts=rollouts,
        pulls=pulls,
        pushes=pushes,
        slow_limits=slow_limits(rules),
    )
    settings = planned_registry(registry, body.environment.network.limits)
    removals = removals_of(faults, (*nodes, CLIENTS_NODE), seed)
    traffic = traffic_of(load, versions.specs, settings, removals)
    effects = tuple(expected_effect(fault, traffic, seed) for fault in faults)
    both = list(zip(faults, effects, strict=True))
    bounds = least_times(traffic, settings)
    stored_bytes = sum(plan_image(spec).stored_bytes for spec in versions.specs)
    warned = [*warnings_of(scenario, load, settings, both, traffic)]
    if (late := give_up_warning(network_bounds(traffic, settings), load)) is not None:
        warned.append(late)
    return Plan(
        scenario=body.name,
        summary=body.summary,
        seed=seed,
        link=body.environment.link,
        cluster=_planned_cluster(body.environment.cluster),
        registry=settings,
        images=versions.specs,
        disk_bytes=stored_bytes,
        load=load,
        faults=faults,
        expectations=tuple(_expectation(it) for it in body.expect),
        abort_when=rules,
        abort_signals=tuple(planned_signals(body.abort_when)),
        steps_end_s=steps_end_s,
        ends_s=load.until_s,
        expected=expected_load(
            load,
            versions,
            auth=registry.auth,
            login_requests=PROFILES[registry.profile].login_requests,
        ),
        effects=effects,
        warnings=tuple(warned),
        least_times=bounds,
        storage=_storage(settings, pushes, stored_bytes),
    )


def _faults(
    entries: tuple[FaultEntry, ...], nodes: int, profile: ProfileName
) -> Iterator[PlannedFault]:
    seen: Counter[str] = Counter()
    for entry in entries:
        seen[entry.word] += 1
        where = planned_where(entry, nodes)
        for number, (at_s, ends_s) in enumerate(spans_of(entry), start=1):
            yield PlannedFault(
                id=f"{entry.word}-{seen[entry.word]}",
                word=entry.word,
                occurrence=number,
                fault=entry.fault.in_words_of(profile),
                where=where,
                at_s=at_s,
                ends_s=ends_s,
            )


def _storage(
    registry: RegistrySettings, pushes: tuple[PushesOrder, ...], used_bytes: int
) -> StorageForecast | None:
    if registry.limits is None or registry.limits.storage_bytes is None:
        return None
    limit_bytes = registry.limits.storage_bytes
    return storage_forecast(pushes, used_bytes=used_bytes, limit_bytes=limit_bytes)


def planned_where(entry: FaultEntry, nodes: int) -> Where:
    """The scope of a fault with nodes by name and layers by number.

    Raises ValueError when it selects what is not there.
    """
    where = entry.occurrence.where
    layers = () if where.layers is None else numbers(where.layers, LAYERS_MAX, "layers")
    return Where(
        repository=where.repository,
        kinds=where.kinds,
        layers=layers,
        nodes=node_names(where.nodes, nodes),
        first=where.first,
    )


def _expectation(expectation: Expectation) -> PlannedExpectation:
    unit = METRICS[expectation.metric].unit
    limits: Mapping[str, float | None] = {
        key: None if value is None else limit(value, unit)
        for key, value in (
            ("at_most", expectation.at_most),
            ("at_least", expectation.at_least),
        )
    }
    return PlannedExpectation(
        metric=expectation.metric,
        quantile=expectation.quantile,
        phase=expectation.phase,
        fault=expectation.fault,
        image=expectation.where.image if expectation.where else None,
        rollout=expectation.where.rollout if expectation.where else None,
        at_most=limits["at_most"],
        at_least=limits["at_least"],
    )
