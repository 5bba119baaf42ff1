"""What a plan warns of: what may be meant, but will probably end inconclusive."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Protocol

from harness.environment.registry_settings import RegistrySettings
from harness.load.orders import CLIENTS_NODE, LoadOrders, PullsOrder, PushesOrder
from harness.plan.client_pools import pool_warning
from harness.plan.expected_effects import ExpectedEffect, Timed, together
from harness.plan.traffic import Call, Traffic
from harness.registry.profiles import PROFILES
from harness.scenario import Scenario
from harness.scenario.complaints import Path
from harness.seams import RequestKind
from harness.units import duration_text

NONE_PROBABILITY_MAX: Final = 0.05


@dataclass(frozen=True, kw_only=True)
class PlanWarning:
    """`path` is what it is about in the scenario."""

    path: Path
    text: str


class PlannedTimed(Timed, Protocol):
    """One occurrence of a planned fault."""

    @property
    def word(self) -> str: ...


Effects = Sequence[tuple[PlannedTimed, ExpectedEffect]]


def warnings_of(
    scenario: Scenario,
    load: LoadOrders,
    registry: RegistrySettings,
    effects: Effects,
    traffic: Traffic,
) -> Iterator[PlanWarning]:
    """All that are true on every machine."""
    if not scenario.body.expect:
        text = "there is none, so the verdict can only be inconclusive"
        yield PlanWarning(path=("expect",), text=text)
    yield from _of_images(scenario)
    yield from _of_effects(scenario, effects)
    yield from _of_quotas(load, registry, traffic)
    yield from _of_pools(load, [fault for fault, _ in effects], traffic)


def _used(scenario: Scenario) -> frozenset[str]:
    """The repositories that something pulls or pushes."""
    load = scenario.body.load
    used = {*(it.image for it in load.rollouts), *(it.image for it in load.pulls)}
    return frozenset(used | {it.repository for it in load.pushes})


def _of_images(scenario: Scenario) -> Iterator[PlanWarning]:
    for name in scenario.body.images:
        if name not in _used(scenario):
            yield PlanWarning(path=("images", name), text="is made, and nothing pulls it")


def _of_effects(scenario: Scenario, effects: Effects) -> Iterator[PlanWarning]:
    """A fault that affects nothing in any of its occurrences makes the run inconclusive."""
    found: dict[str, list[ExpectedEffect]] = {}
    for fault, effect in effects:
        found.setdefault(fault.id, []).append(effect)
    seen: dict[str, int] = {}
    for index, entry in enumerate(scenario.faults):
        number = seen[entry.word] = seen.get(entry.word, 0) + 1
        effect = together(found[f"{entry.word}-{number}"])
        if effect.none_probability > NONE_PROBABILITY_MAX:
            wanted = entry.occurrence.where.repository
            idle = wanted and not any(fnmatchcase(it, wanted) for it in _used(scenario))
            text = f"nothing pulls or pushes {wanted}" if idle else _weak(effect)
            yield PlanWarning(path=("faults", index, entry.word), text=text)


def _weak(effect: ExpectedEffect) -> str:
    """Why it may affect nothing, and what to do."""
    if not effect.in_scope:
        return f"no {effect.unit} are expected while it is on: change at, for or where"
    if effect.none_probability >= 1:
        text = f"affects none of the {effect.in_scope} {effect.unit} expected"
        return f"{text}: its limit lets them through, or its share chooses no node with this seed"
    return (
        f"affects none of the {effect.in_scope} {effect.unit} expected with a probability of "
        f"{effect.none_probability:.0%}: raise share or for"
    )


def _of_pools(load: LoadOrders, faults: Sequence[Timed], traffic: Traffic) -> Iterator[PlanWarning]:
    streams: dict[str, tuple[PullsOrder | PushesOrder, ...]]
    streams = {"pulls": load.pulls, "pushes": load.pushes}
    for kind, members in streams.items():
        for index, stream in enumerate(members):
            key = "rate" if stream.users is None else "users"
            if text := pool_warning(stream, faults, traffic, load.seed):
                yield PlanWarning(path=("load", kind, index, key), text=text)


def _of_quotas(
    load: LoadOrders, registry: RegistrySettings, traffic: Traffic
) -> Iterator[PlanWarning]:
    """Pods whose pulls the registry's own quota cannot let through before they are given up.

    In each window those that wait come first, then all that pull, background clients too.
    """
    limits = registry.limits
    allowed = None if limits is None else limits.pulls
    if limits is not None and registry.auth == "none" and limits.anonymous_pulls is not None:
        allowed = limits.anonymous_pulls
    if limits is None or allowed is None:
        return
    due = [(at_s, call.node, _counted(call, registry, traffic)) for at_s, call in traffic.timed()]
    of_pods = [each for _, node, each in due if node != CLIENTS_NODE and each]
    done = owed = 0
    for window in range(int(load.until_s // limits.window_s) + 1):
        free = max(0, allowed - owed)
        owed -= allowed - free
        while done < len(due) and due[done][0] < (window + 1) * limits.window_s:
            _, node, each = due[done]
            owed += max(0, each - free) if node != CLIENTS_NODE else 0
            free = max(0, free - each)
            done += 1
    if owed:
        pods = math.ceil(owed * len(of_pods) / sum(of_pods))
        text = (
            f"lets {allowed} manifests through in each {duration_text(limits.window_s)}: "
            f"about {pods} of {len(of_pods)} pulls of pods are left when the run gives up"
        )
        yield PlanWarning(path=("environment", "registry", "quotas"), text=text)


def _counted(call: Call, registry: RegistrySettings, traffic: Traffic) -> int:
    """The requests of a call that count towards the quota."""
    heads = PROFILES[registry.profile].counts_head
    asks = traffic.asks(call.image, call.does) if call.does != "push" else ()
    manifests = (it for it in asks if it.kind is RequestKind.MANIFEST and not it.login)
    return sum(it.method == "GET" or heads for it in manifests)
