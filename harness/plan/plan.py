"""A scenario resolved against its seed: every step with its time. Pure data, no clock, no disk."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from harness.chance import Chance
from harness.environment.registry_settings import RegistrySettings
from harness.faults import Fault
from harness.load.orders import (
    LoadOrders,
    PullsOrder,
    PushesOrder,
)
from harness.load.pace import constant_due, poisson_due
from harness.oci.images import LAYERS_MAX, ImageSpec, plan_image
from harness.plan.registry import planned_registry, registry_keys
from harness.plan.rollouts import Versions, planned_rollouts
from harness.recording.metrics import METRICS
from harness.recording.tally import AbortRule
from harness.registry.profile import ProfileName
from harness.registry.profiles import PROFILES
from harness.scenario import Scenario
from harness.scenario.checks import limit
from harness.scenario.extent import last_step_s, spans_of, stream_end_s
from harness.scenario.load_model import Pulls, Pushes
from harness.scenario.model import Expectation, FaultEntry
from harness.scenario.selections import node_name, node_names, numbers
from harness.seams import Where
from harness.units import share

# Those of a containerd pull that log in: its resolver and its fetcher do it apart.
_LOGINS = 2


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
    at_most: float | None
    at_least: float | None


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the load will ask for when nothing fails."""

    pods: int
    pulls: int
    pushes: int
    requests: int
    pulled_bytes: int
    pushed_bytes: int


@dataclass(frozen=True, kw_only=True)
class PlannedCluster:
    """Who pulls. `image` is kind's, `context` and `registry_*` are an existing cluster's."""

    provider: Literal["emulated", "kind", "existing"]
    image: str | None
    pull_secret: Literal["pod", "service_account"]
    context: str
    registry_host: str
    registry_port: int


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
    steps_end_s: float  # the last thing that is due
    ends_s: float  # when pods that are not Ready by then are given up
    expected: Expected

    def to_json(self) -> str:
        """The plan as JSON: the same bytes for the same scenario and seed."""
        data = {name: value for name, value in vars(self).items() if name != "faults"}
        plain = {name: _plain(value) for name, value in data.items()}
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
            }
            for fault in self.faults
        ]
        return json.dumps(plain, indent=1, sort_keys=True) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value


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
        _pulls(index, it, versions, last_s, seed) for index, it in enumerate(body.load.pulls)
    )
    pushes = tuple(_pushes(index, it, last_s, seed) for index, it in enumerate(body.load.pushes))
    due = [*(it.due_s for it in pulls), *(it.due_s for it in pushes)]
    steps_end_s = max((last_s, *(due_s[-1] for due_s in due if due_s)))
    load = LoadOrders(
        seed=seed,
        until_s=steps_end_s + body.load.give_up_s,
        nodes=nodes,
        node_settings=body.environment.cluster.node_settings(),
        rollouts=rollouts,
        pulls=pulls,
        pushes=pushes,
    )
    return Plan(
        scenario=body.name,
        summary=body.summary,
        seed=seed,
        link=body.environment.link,
        cluster=PlannedCluster(
            provider=body.environment.cluster.provider,
            image=body.environment.cluster.image,
            pull_secret=body.environment.cluster.pull_secret,
            context=body.environment.cluster.context or "",
            registry_host=body.environment.cluster.registry_host or "",
            registry_port=body.environment.cluster.registry_port,
        ),
        registry=planned_registry(registry),
        images=versions.specs,
        disk_bytes=sum(plan_image(spec).stored_bytes for spec in versions.specs),
        load=load,
        faults=faults,
        expectations=tuple(_expectation(it) for it in body.expect),
        abort_when=tuple(
            AbortRule(
                metric=it.metric,
                over_s=it.over_s,
                above=share(it.above),
                text=f"above {share(it.above):.0%} over {it.over_s:g} s",
            )
            for it in body.abort_when
        ),
        steps_end_s=steps_end_s,
        ends_s=load.until_s,
        expected=_expected(
            load,
            versions,
            auth=registry.auth,
            login_requests=PROFILES[registry.profile].login_requests,
        ),
    )


def _pulls(index: int, pulls: Pulls, versions: Versions, last_s: float, seed: int) -> PullsOrder:
    name = f"pulls-{index + 1}"
    return PullsOrder(
        name=name,
        image=versions.first(pulls.image),
        users=pulls.users,
        due_s=_due(pulls, last_s, Chance(seed, name)),
    )


def _pushes(index: int, pushes: Pushes, last_s: float, seed: int) -> PushesOrder:
    name = f"pushes-{index + 1}"
    return PushesOrder(
        name=name,
        repository=pushes.repository,
        blob_bytes=pushes.size_bytes,
        users=pushes.users,
        due_s=_due(pushes, last_s, Chance(seed, name)),
    )


def _due(stream: Pulls | Pushes, last_s: float, chance: Chance) -> tuple[float, ...]:
    end_s = stream_end_s(stream, last_s)
    if stream.arrivals == "poisson":
        return poisson_due(stream.rate_per_s, stream.at_s, end_s, chance)
    return constant_due(stream.rate_per_s, stream.at_s, end_s)


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
        at_most=limits["at_most"],
        at_least=limits["at_least"],
    )


def _expected(load: LoadOrders, versions: Versions, *, auth: str, login_requests: int) -> Expected:
    """Each node pulls an image once; each background pull is cold.

    With the policy Always, the further pods of a node ask which digest the tag has, no more.
    """
    on_nodes = {(it.image, pod.node) for it in load.rollouts for pod in it.pods}
    pulled = Counter(image for image, _ in on_nodes)
    for stream in load.pulls:
        pulled[stream.image] += len(stream.due_s)
    planned = {image: plan_image(versions.spec(image)) for image in pulled}
    tokens = _LOGINS * login_requests if auth == "token" else 0
    return Expected(
        pods=sum(len(it.pods) for it in load.rollouts),
        pulls=pulled.total(),
        pushes=sum(len(it.due_s) for it in load.pushes),
        requests=sum(
            count * (planned[image].total_requests + tokens) for image, count in pulled.items()
        )
        + _asked_again(load) * (1 + tokens // 2),
        pulled_bytes=sum(count * planned[image].total_bytes for image, count in pulled.items()),
        pushed_bytes=sum(it.blob_bytes * len(it.due_s) for it in load.pushes),
    )


def _asked_again(load: LoadOrders) -> int:
    """Pods that only ask for the tag: of the policy Always, on a node that has the image."""
    have: set[tuple[str, str]] = set()
    again = 0
    for rollout in sorted(load.rollouts, key=lambda it: it.at_s):
        for pod in rollout.pods:
            again += rollout.pull_policy == "Always" and (rollout.image, pod.node) in have
            have.add((rollout.image, pod.node))
    return again
