"""A plan for a reader: what is stood up, what comes when, what it will cost."""

from collections.abc import Iterator

from harness.gateway.network_limits import NetworkLimits
from harness.load.orders import PullsOrder, PushesOrder, RolloutOrder, clients_max
from harness.plan.expected_effects import ExpectedEffect, together
from harness.plan.plan import Plan, PlannedExpectation, PlannedFault
from harness.recording.metrics import METRICS
from harness.seams import Where
from harness.units import about_text, duration_text, rate_text, value_text

_UNLIKELY = 0.0005  # lower chances are not shown
_DAY_S = 24 * 3600
_WHOLE_MIB = 10  # less is shown with a decimal


def plan_text(plan: Plan) -> str:
    """Plain text, aligned, without a trailing newline."""
    expected = plan.expected
    parts = [
        f"{plan.scenario}: {plan.summary}" if plan.summary else plan.scenario,
        "",
        *_table(
            ("seed", f"{plan.seed}"),
            ("nodes", f"{len(plan.load.nodes)} {plan.cluster.provider}"),
            ("registry", _registry(plan)),
            *_network(plan.registry.network),
            ("link", plan.link),
            ("images", f"{len(plan.images)} to build, {_mib(plan.disk_bytes)} on disk"),
            ("load", _load(plan)),
            ("expected", f"{expected.requests:,} requests, {_bytes(plan)}"),
            *_storage(plan),
            ("lasts", f"{plan.steps_end_s:.0f} s, at most {plan.ends_s:.0f} s"),
        ),
        "",
        "timeline",
        *(f"{at_s:8.1f} s  {what}" for at_s, what in sorted(_timeline(plan), key=lambda it: it[0])),
    ]
    if plan.least_times:
        parts += ["", "pods need at least", *_least_times(plan)]
    if plan.faults:
        parts += ["", "affected requests, as expected", *(f"  {it}" for it in _effects(plan))]
    if plan.expectations:
        parts += ["", "expects", *(f"  {_expectation(it)}" for it in plan.expectations)]
    if plan.abort_when or plan.abort_signals:
        rules = (f"  {rule.name} {rule.text}" for rule in plan.abort_when)
        signals = (
            f"  {it.kind} {it.text} fails for {duration_text(it.over_s)}"
            for it in plan.abort_signals
        )
        parts += ["", "aborts", *rules, *signals]
    if notes := _notes(plan):
        parts += ["", "notes", *(f"  {note}" for note in notes)]
    return "\n".join(parts)


def _table(*rows: tuple[str, str]) -> list[str]:
    return [f"  {name:<9} {value}" for name, value in rows]


def _registry(plan: Plan) -> str:
    registry = plan.registry
    if registry.provider == "external":
        return f"external, {registry.url}"
    limits, profile = registry.limits, registry.profile
    ways = "" if profile == "generic" else f" as {profile}"
    parts = [f"{registry.provider}{ways}", f"auth {registry.auth}"]
    if registry.tls:
        parts.append("TLS")
    if limits is not None:
        if limits.pulls is not None:
            parts.append(f"{limits.pulls} pulls in {duration_text(limits.window_s)}")
        if limits.requests_per_s is not None:
            parts.append(f"{limits.requests_per_s:g} requests/s")
        if limits.storage_bytes is not None:
            parts.append(f"{_mib(limits.storage_bytes)} of storage")
        if limits.tags is not None:
            parts.append(f"{limits.tags} tags a repository")
    return ", ".join(parts)


def _network(limits: NetworkLimits) -> Iterator[tuple[str, str]]:
    parts = []
    if limits.egress_bytes_per_s is not None:
        parts.append(f"egress {rate_text(limits.egress_bytes_per_s)}")
    if limits.node_bytes_per_s is not None:
        parts.append(f"{rate_text(limits.node_bytes_per_s)} a node")
    if limits.round_trip_s:
        parts.append(f"round trip {duration_text(limits.round_trip_s)}")
    if limits.requests_per_s is not None:
        parts.append(f"{limits.requests_per_s:g} requests/s")
    if limits.service_s:
        parts.append(f"service {duration_text(limits.service_s)}")
    if limits.at_once is not None:
        parts.append(f"{limits.at_once} at once")
    if parts:
        yield "network", ", ".join(parts)


def _storage(plan: Plan) -> Iterator[tuple[str, str]]:
    forecast = plan.storage
    if forecast is None:
        return
    rate = f"{_mib(round(forecast.growth_bytes_per_s * _DAY_S))} a day"
    when = f"full {about_text(forecast.left_s)} after the last push at that rate"
    if forecast.full_at_s is not None:
        when = f"full at {about_text(forecast.full_at_s)}"
    yield "storage", f"{_mib(forecast.used_bytes)} used, {rate} pushed, {when}"


def _mib(count: int) -> str:
    mib = count / 2**20
    return f"{mib:,.0f} MiB" if mib >= _WHOLE_MIB else f"{mib:.2g} MiB"


def _bytes(plan: Plan) -> str:
    pushed = plan.expected.pushed_bytes
    more = f", {_mib(pushed)} pushed" if pushed else ""
    return f"{_mib(plan.expected.pulled_bytes)} pulled{more}"


def _load(plan: Plan) -> str:
    expected = plan.expected
    pushes = f", {expected.pushes} pushes" if expected.pushes else ""
    return f"{expected.pods} pods, {expected.pulls} cold pulls{pushes}"


def _timeline(plan: Plan) -> Iterator[tuple[float, str]]:
    for rollout in plan.load.rollouts:
        yield (
            rollout.at_s,
            f"rollout {rollout.rollout}: {_pods(rollout)} of {rollout.image}",
        )
    for stream in plan.load.streams():
        if stream.due_s:
            yield stream.due_s[0], f"{stream.name} begin: {_stream(stream)}"
            yield stream.due_s[-1], f"{stream.name} end"
    for fault in plan.faults:
        yield fault.at_s, f"{_fault(fault)} injected{_settings(fault)}{_where(fault.where)}"
        yield fault.ends_s, f"{_fault(fault)} removed"


def _pods(rollout: RolloutOrder) -> str:
    more = " more" if rollout.change == "scale" else ""
    return f"{len(rollout.pods)}{more} pods"


def _stream(stream: PullsOrder | PushesOrder) -> str:
    what = stream.image if isinstance(stream, PullsOrder) else _mib(stream.blob_bytes)
    clients = f"up to {clients_max(stream):,} clients"
    if stream.users is not None:
        clients = "1 client" if stream.users == 1 else f"{stream.users:,} clients"
    return f"{len(stream.due_s)} by {clients}, {what}"


def _fault(fault: PlannedFault) -> str:
    again = f" (time {fault.occurrence})" if fault.occurrence > 1 else ""
    return f"{fault.id}{again}"


def _settings(fault: PlannedFault) -> str:
    """What was set, in the scenario's words."""
    chosen = fault.fault.model_dump(mode="json", exclude_unset=True)
    names = [name for name in fault.fault.setting_names() if name in chosen]
    said = (f"{fault.fault.key_of(name)} {value_text(name, chosen[name])}" for name in names)
    return f" ({', '.join(said)})" if chosen else ""


def _where(where: Where) -> str:
    parts = [
        f"repository {where.repository}" if where.repository else "",
        f"kinds {', '.join(where.kinds)}" if where.kinds else "",
        f"layers {', '.join(map(str, where.layers))}" if where.layers else "",
        f"nodes {', '.join(where.nodes)}" if where.nodes else "",
        f"the first {where.first} requests" if where.first is not None else "",
    ]
    said = "; ".join(part for part in parts if part)
    return f" for {said}" if said else ""


def _least_times(plan: Plan) -> Iterator[str]:
    for number, bound in enumerate(plan.least_times):
        binds = "  (binds)" if not number else ""
        yield f"  {about_text(bound.least_s):>10}  {bound.limit}: {bound.why}{binds}"


def _effects(plan: Plan) -> Iterator[str]:
    """How much each fault is expected to affect, over all its occurrences."""
    found: dict[str, list[ExpectedEffect]] = {}
    for fault, effect in zip(plan.faults, plan.effects, strict=True):
        found.setdefault(fault.id, []).append(effect)
    width = max(map(len, found))
    for name, effects in found.items():
        effect = together(effects)
        said = f"{effect.affected:,.0f} of {effect.in_scope:,} {effect.unit}"
        chance = f", none with a probability of {effect.none_probability:.1%}"
        unsure = effect.none_probability >= _UNLIKELY
        yield f"{name:<{width}}  {said}{chance if unsure else ''}"


def _notes(plan: Plan) -> list[str]:
    """What each fault says of itself in this plan, once."""
    largest = max((max(image.layer_sizes) for image in plan.images), default=0)
    said = ((fault.id, fault.fault.caution(plan.link, largest)) for fault in plan.faults)
    return list(dict.fromkeys(f"{name}: {caution}" for name, caution in said if caution))


def _expectation(expectation: PlannedExpectation) -> str:
    quantile = "" if expectation.quantile is None else f" p{expectation.quantile * 100:g}"
    phase = f" {expectation.phase}" if expectation.phase else ""
    of = (("image", expectation.image), ("rollout", expectation.rollout))
    where = "".join(f" of {key} {name}" for key, name in of if name)
    fault = f" of {expectation.fault}" if expectation.fault else ""
    at_most = expectation.at_most is not None
    limit = expectation.at_most if at_most else expectation.at_least
    share = METRICS[expectation.metric].unit == "share"
    said = value_text("share" if share else "limit_s", limit or 0.0)
    return f"{expectation.metric}{quantile}{where}{phase}{fault} {'≤' if at_most else '≥'} {said}"
