"""A scenario resolved against its seed: every step with its time. Pure data, no clock, no disk."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from harness.chance import Chance
from harness.faults import Fault
from harness.load.orders import (
    REGISTRY_NAME,
    LoadOrders,
    PodOrder,
    PullsOrder,
    PushesOrder,
    RolloutOrder,
)
from harness.load.pacing import constant_due, poisson_due
from harness.metrics import METRICS
from harness.oci.images import ImageSpec, plan_image
from harness.scenario import Scenario
from harness.scenario.checks import LAYERS_MAX, limit
from harness.scenario.model import Expectation, FaultEntry, Pulls, Pushes, Rollout
from harness.scenario.selections import node_name, node_names, numbers
from harness.seams import Where
from harness.tally import AbortRule
from harness.units import share

# Background load without an end of its own goes on this long after the last step, so that there
# is an "after" to compare with.
_TAIL_S = 15.0
# Requests of a cold pull beside those for content: two challenges and two tokens (facts of a
# containerd pull with Bearer: resolver and fetcher authorise apart).
_TOKEN_REQUESTS = 4


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
class Plan:
    """Everything that a run does. Times are seconds since it began."""

    scenario: str
    summary: str
    seed: int
    link: Literal["auto", "embedded", "toxiproxy", "none"]
    registry_auth: Literal["token", "none"]
    registry_port: int
    token_lifetime_s: float
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
    nodes = tuple(node_name(number) for number in range(body.environment.cluster.nodes))
    versions = _Versions(scenario, seed)
    rollouts = tuple(_rollouts(body.load.rollouts, versions, nodes, seed))
    faults = tuple(sorted(_faults(scenario.faults, len(nodes)), key=lambda it: (it.at_s, it.id)))
    last_s = max(
        (
            0.0,
            *(rollout.at_s for rollout in rollouts),
            *(fault.ends_s for fault in faults),
            *(it.at_s + (it.for_s or 0.0) for it in body.load.streams()),
        )
    )
    tail_s = last_s + _TAIL_S
    load = LoadOrders(
        seed=seed,
        until_s=last_s + body.load.give_up_s,
        nodes=nodes,
        node_settings=body.environment.cluster.node_settings(),
        rollouts=rollouts,
        pulls=tuple(
            _pulls(index, it, versions, tail_s, seed) for index, it in enumerate(body.load.pulls)
        ),
        pushes=tuple(_pushes(index, it, tail_s, seed) for index, it in enumerate(body.load.pushes)),
    )
    return Plan(
        scenario=body.name,
        summary=body.summary,
        seed=seed,
        link=body.environment.link,
        registry_auth=body.environment.registry.auth,
        registry_port=body.environment.registry.port,
        token_lifetime_s=body.environment.registry.token_lifetime_s,
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
        steps_end_s=max((last_s, *(it.due_s[-1] for it in load.streams() if it.due_s))),
        ends_s=load.until_s,
        expected=_expected(load, versions, auth=body.environment.registry.auth),
    )


class _Versions:
    """Gives out versions of the scenario's images, and remembers what must be built."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._images = scenario.body.images
        self._seed = seed
        self._given: Counter[str] = Counter()
        self._specs: dict[str, ImageSpec] = {}

    @property
    def specs(self) -> tuple[ImageSpec, ...]:
        return tuple(self._specs.values())

    def spec(self, reference: str) -> ImageSpec:
        return self._specs[reference]

    def new(self, name: str) -> str:
        """The reference of the next version of image `name`."""
        self._given[name] += 1
        return self._reference(name, self._given[name])

    def first(self, name: str) -> str:
        """The reference of version 1."""
        self._given[name] = max(1, self._given[name])
        return self._reference(name, 1)

    def _reference(self, name: str, version: int) -> str:
        image = self._images[name]
        spec = ImageSpec(
            name=name,
            version=version,
            size_bytes=image.size_bytes,
            layers=image.layers,
            media=image.media,
            platforms=tuple(_platform(text) for text in image.platforms),
            seed=self._seed,
        )
        reference = f"{REGISTRY_NAME}/{name}:{spec.tag}"
        self._specs.setdefault(reference, spec)
        return reference


def _platform(text: str) -> tuple[str, str]:
    system, _, architecture = text.partition("/")
    return system, architecture


def _rollouts(
    rollouts: tuple[Rollout, ...], versions: _Versions, nodes: tuple[str, ...], seed: int
) -> Iterator[RolloutOrder]:
    for rollout in rollouts:
        image = ""
        for number in range(1, rollout.repeat + 1):
            if not image or rollout.cache == "cold":
                image = versions.new(rollout.image)
            name = f"{rollout.name}-{number}"
            first = int(Chance(seed, "place").fraction(name) * len(nodes))
            yield RolloutOrder(
                rollout=name,
                name=rollout.name,
                round=number,
                at_s=rollout.at_s + (number - 1) * (rollout.every_s or 0.0),
                image=image,
                pull_policy=rollout.pull_policy,
                pods=tuple(
                    PodOrder(pod=f"{name}-{index}", node=nodes[(first + index) % len(nodes)])
                    for index in range(rollout.replicas)
                ),
            )


def _pulls(index: int, pulls: Pulls, versions: _Versions, tail_s: float, seed: int) -> PullsOrder:
    name = f"pulls-{index + 1}"
    return PullsOrder(
        name=name,
        image=versions.first(pulls.image),
        users=pulls.users,
        due_s=_due(pulls, tail_s, Chance(seed, name)),
    )


def _pushes(index: int, pushes: Pushes, tail_s: float, seed: int) -> PushesOrder:
    name = f"pushes-{index + 1}"
    return PushesOrder(
        name=name,
        repository=pushes.repository,
        blob_bytes=pushes.size_bytes,
        users=pushes.users,
        due_s=_due(pushes, tail_s, Chance(seed, name)),
    )


def _due(stream: Pulls | Pushes, tail_s: float, chance: Chance) -> tuple[float, ...]:
    end_s = tail_s if stream.for_s is None else stream.at_s + stream.for_s
    if stream.arrivals == "poisson":
        return poisson_due(stream.rate_per_s, stream.at_s, end_s, chance)
    return constant_due(stream.rate_per_s, stream.at_s, end_s)


def _faults(entries: tuple[FaultEntry, ...], nodes: int) -> Iterator[PlannedFault]:
    seen: Counter[str] = Counter()
    for entry in entries:
        seen[entry.word] += 1
        when = entry.occurrence
        where = planned_where(entry, nodes)
        for number in range(1, when.times + 1):
            at_s = when.at_s + (number - 1) * (when.every_s or 0.0)
            yield PlannedFault(
                id=f"{entry.word}-{seen[entry.word]}",
                word=entry.word,
                occurrence=number,
                fault=entry.fault,
                where=where,
                at_s=at_s,
                ends_s=at_s + when.for_s,
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


def _expected(load: LoadOrders, versions: _Versions, *, auth: str) -> Expected:
    """Each node pulls an image once; each background pull is cold."""
    on_nodes = {(it.image, pod.node) for it in load.rollouts for pod in it.pods}
    pulled = [image for image, _ in on_nodes]
    pulled += [it.image for it in load.pulls for _ in it.due_s]
    counted = Counter(pulled)
    planned = {image: plan_image(versions.spec(image)) for image in counted}
    token_requests = _TOKEN_REQUESTS if auth == "token" else 0
    return Expected(
        pods=sum(len(it.pods) for it in load.rollouts),
        pulls=len(pulled),
        pushes=sum(len(it.due_s) for it in load.pushes),
        requests=sum(
            count * (planned[image].total_requests + token_requests)
            for image, count in counted.items()
        ),
        pulled_bytes=sum(count * planned[image].total_bytes for image, count in counted.items()),
        pushed_bytes=sum(it.blob_bytes * len(it.due_s) for it in load.pushes),
    )
