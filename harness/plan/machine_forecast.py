"""Whether this machine and the harness's own processes can carry a plan, by what a pull costs them.

A forecast without faults: each process works off what is due in its order, and is as late as what
has piled up.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from harness.load.orders import CLIENTS_NODE
from harness.plan.plan import Plan
from harness.plan.traffic import Call, call_of, traffic_of
from harness.plan.warnings import PlanWarning

LATE_LIMIT_S: Final = 5.0  # more than scenarios allow a pod when nothing is wrong


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Processor seconds of one process: for a pull or push, and for each byte of it."""

    call_s: float
    byte_s: float = 0.0


# Measured: docs/benchmarks.md, "What a pull costs".
_LOAD: Final = Cost(call_s=4.5e-3, byte_s=0.7e-9)
_LOAD_TLS: Final = Cost(call_s=6.5e-3, byte_s=1.1e-9)
_REGISTRY: Final = Cost(call_s=2.5e-3, byte_s=0.25e-9)
_REGISTRY_TLS: Final = Cost(call_s=4.0e-3, byte_s=0.55e-9)
_GATEWAY: Final = Cost(call_s=3.0e-3, byte_s=0.55e-9)
_DISTRIBUTION: Final = Cost(call_s=2.0e-3, byte_s=0.8e-9)
_LINK: Final = Cost(call_s=1.4e-3, byte_s=0.35e-9)
_RESOLVER: Final = Cost(call_s=1.0e-3)
_CHECK: Final = 0.5  # asking only for the tag, as a share of a pull
# A pod on a real node, from its sandbox to its end; and a cluster that has nothing to do.
_KIND_POD_S: Final = 0.4
_KIND_CORES: Final = 0.15
_KIND_CORES_A_NODE: Final = 0.05
_FEWEST_CORES: Final = 0.25


class _Due(defaultdict[float, float]):
    """By time: the processor seconds that are due then."""

    def __init__(self) -> None:
        super().__init__(float)


@dataclass(frozen=True, kw_only=True)
class _Late:
    """The worst moment: how late everything is at `at_s`, and what piled up since it was idle."""

    late_s: float = 0.0
    at_s: float = 0.0
    since_s: float = 0.0
    work_s: float = 0.0


def machine_warnings(plan: Plan, *, cpus: int, workers: int) -> Iterator[PlanWarning]:
    """What will not keep up: a process of the harness, or all `cpus` of this machine together."""
    work = _work(plan)
    machine = _Due()
    for name in work:
        for at_s, seconds in work[name].items():
            machine[at_s] += seconds
    smaller = "a lower rate, fewer pods or smaller images"
    cores = {
        "the load generator": (work["load"], workers, f"more --workers, {smaller}"),
        "the harness's own registry": (work["registry"], 1.0, smaller),
        f"this machine with {cpus} cores": (machine, _free(plan, cpus), f"another one, {smaller}"),
    }
    if plan.link == "embedded":  # a real Toxiproxy uses several
        cores["the harness's own link"] = (work["link"], 1.0, smaller)
    for who, (due, count, advice) in cores.items():
        late = _latest(due, count)
        if late.late_s > LATE_LIMIT_S:
            text = (
                f"{who} would be {late.late_s:.0f} s late at {late.at_s:.0f} s: what is due from "
                f"{late.since_s:.0f} s on takes it about {late.work_s:.0f} s of processor time; "
                f"use {advice}"
            )
            yield PlanWarning(path=("load",), text=text)


def _free(plan: Plan, cpus: int) -> float:
    """The cores that a cluster leaves to the load."""
    if plan.cluster.provider != "kind":
        return cpus
    return max(_FEWEST_CORES, cpus - _KIND_CORES - _KIND_CORES_A_NODE * len(plan.load.nodes))


def _latest(due: _Due, cores: float) -> _Late:
    worst, piled_s, before_s, since_s, work_s = _Late(), 0.0, 0.0, 0.0, 0.0
    for at_s, seconds in sorted(due.items()):
        piled_s = max(0.0, piled_s - (at_s - before_s) * cores)
        if not piled_s:
            since_s, work_s = at_s, 0.0
        piled_s, work_s, before_s = piled_s + seconds, work_s + seconds, at_s
        if piled_s / cores > worst.late_s:
            worst = _Late(late_s=piled_s / cores, at_s=at_s, since_s=since_s, work_s=work_s)
    return worst


def _work(plan: Plan) -> defaultdict[str, _Due]:
    """What is due of each process, by its name."""
    real = plan.cluster.provider != "emulated"
    work = defaultdict[str, _Due](_Due)
    for (at_s, call, body_bytes), count in _calls(plan).items():
        share = count * (_CHECK if call.does == "check" else 1.0)
        for name, cost in _costs(plan):
            if name != "load" or not real or call.node == CLIENTS_NODE:
                work[name][at_s] += share * (cost.call_s + body_bytes * cost.byte_s)
    if plan.cluster.provider == "kind":
        for rollout in plan.load.rollouts:
            work["pods"][rollout.at_s] += len(rollout.pods) * _KIND_POD_S
    return work


def _costs(plan: Plan) -> Iterator[tuple[str, Cost]]:
    registry = plan.registry
    yield "load", _LOAD_TLS if registry.tls else _LOAD
    embedded = registry.provider == "embedded"
    yield "registry", _GATEWAY if not embedded else _REGISTRY_TLS if registry.tls else _REGISTRY
    if plan.link != "none":
        yield "link", _LINK
    yield "others", _RESOLVER
    if registry.provider == "distribution":
        yield "others", _DISTRIBUTION


def _calls(plan: Plan) -> Counter[tuple[float, Call, int]]:
    """How many calls of a kind are due at a time, each with its bytes."""
    traffic = traffic_of(plan.load, plan.images, plan.registry)
    pushed = {call_of(it): it.blob_bytes for it in plan.load.pushes}
    received = {
        call: sum(ask.body_bytes for ask in traffic.asks(call.image, call.does))
        for _, call in traffic.timed()
    }
    return Counter((at_s, it, received[it] + pushed.get(it, 0)) for at_s, it in traffic.timed())
