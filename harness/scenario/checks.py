"""What only the whole scenario can tell: names that exist, sums that can be done."""

from collections.abc import Callable, Iterator
from typing import Any

from harness.gateway.upstream.addresses import AddressError, require_registry_url
from harness.oci.images import ImageSpec, ImageSpecError
from harness.recording.metrics import METRICS
from harness.scenario.abort_checks import aborts_can_be_judged
from harness.scenario.complaints import Path, did_you_mean, got
from harness.scenario.environment_model import NODES_MAX, SIMULATED_NODES_MAX
from harness.scenario.existing_checks import existing_fits
from harness.scenario.expectation_where import where_has_samples
from harness.scenario.extent import last_step_s, round_at_s, stream_end_s
from harness.scenario.fault_checks import Faults, Problem, faults_agree, faults_fit
from harness.scenario.model import Expectation, ScenarioBody, platform_of
from harness.units import seconds, share

# What one machine can plan, run and analyse in reasonable memory; beyond is a typing error.
PODS_MAX = 200_000
ARRIVALS_MAX = 1_000_000
FAULTS_MAX = 10_000
# A node of kind is a machine of its own in a container, with half a gigabyte of memory.
_NODES_MAX = {"kind": 50, "simulated": SIMULATED_NODES_MAX}

_IMAGE_KEYS = ("name", "layers", "platforms", "media")  # what a specification's rules begin with


def nodes_rule(provider: str, nodes: int) -> str:
    """Why a provider cannot have so many nodes; empty when it can."""
    most = _NODES_MAX.get(provider, NODES_MAX)
    return f"must be at most {most:,} for {provider} nodes, got {nodes:,}" if nodes > most else ""


def check_whole(body: ScenarioBody, faults: Faults, *, any_nodes: bool = False) -> list[Problem]:
    """Every complaint about a scenario whose parts are right by themselves.

    `any_nodes`: their number is not the file's to say; on_nodes judges it.
    """
    checks: tuple[Callable[[ScenarioBody, Faults], Iterator[Problem]], ...] = (
        _load_exists,
        _registry_can_be_found,
        _quotas_have_limits,
        _images_can_be_made,
        _names_are_known,
        _rollouts_make_sense,
        _later_steps_make_sense,
        _load_is_bounded,
        *(() if any_nodes else (_nodes_fit,)),
        _pulls_fit_the_cluster,
        existing_fits,
        faults_fit,
        faults_agree,
        _expectations_can_be_judged,
        aborts_can_be_judged,
    )
    return [problem for check in checks for problem in check(body, faults)]


def _load_exists(body: ScenarioBody, _: Faults) -> Iterator[Problem]:
    if not (body.load.rollouts or body.load.pulls or body.load.pushes):
        yield ("load",), "must have a rollout, pulls or pushes: without load nothing is measured"


def _quotas_have_limits(body: ScenarioBody, _: Faults) -> Iterator[Problem]:
    registry = body.environment.registry
    if registry.limits is not None and registry.limits.empty:
        rule = f"needs limits of its own: {registry.profile} publishes none, so give them here"
        yield ("environment", "registry", "quotas"), rule


def _registry_can_be_found(body: ScenarioBody, _: Faults) -> Iterator[Problem]:
    registry = body.environment.registry
    at: Path = ("environment", "registry")
    outside = ("url", "username_from", "password_from")
    given = [key for key in outside if getattr(registry, key) is not None]
    if registry.provider != "embedded":
        own = registry.model_fields_set & {"profile", "quotas"}
        yield from (((*at, key), "is for provider: embedded only") for key in sorted(own))
    if registry.provider != "external":
        yield from (((*at, key), "is for provider: external only") for key in given)
        return
    if registry.url is None:
        yield (*at, "provider"), "external needs url: where the registry is"
    else:
        try:
            require_registry_url(registry.url)
        except AddressError as error:
            yield (*at, "url"), f"must be an address as https://registry:5000: {error}"
    if len({"username_from", "password_from"} & set(given)) == 1:
        yield (*at, given[-1]), "needs username_from and password_from, both or neither"


def _images_can_be_made(body: ScenarioBody, _: Faults) -> Iterator[Problem]:
    for name, image in body.images.items():
        try:
            ImageSpec(
                name=name,
                size_bytes=image.size_bytes,
                layers=image.layers,
                media=image.media,
                platforms=tuple(map(platform_of, image.platforms)),
            )
        except ImageSpecError as error:
            rule = str(error).removeprefix(f"image {name!r}: ")
            key, said = next(
                ((key, rule[len(key) + 1 :]) for key in _IMAGE_KEYS if rule.startswith(f"{key} ")),
                ("size", f"is too small: {rule}"),
            )
            yield ("images", name, *([] if key == "name" else [key])), said


def _names_are_known(body: ScenarioBody, _: Faults) -> Iterator[Problem]:
    used = [
        *((("rollouts", index), entry.image) for index, entry in enumerate(body.load.rollouts)),
        *((("pulls", index), entry.image) for index, entry in enumerate(body.load.pulls)),
    ]
    for where, image in used:
        if image not in body.images:
            rule = f"must be one of images{did_you_mean(image, body.images)}, got {got(image)}"
            yield ("load", *where, "image"), rule


def _rollouts_make_sense(body: ScenarioBody, _: Faults) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, rollout in enumerate(body.load.rollouts):
        at: Path = ("load", "rollouts", index)
        if rollout.name in seen:
            yield (*at, "name"), f"must be another than before, got {got(rollout.name)}"
        seen.add(rollout.name)
        if rollout.repeat > 1 and rollout.every_s is None:
            yield (*at, "repeat"), "needs every: how long from one round to the next"
        if rollout.every_s is not None and "repeat" not in rollout.model_fields_set:
            yield (*at, "every"), "needs repeat: how many rounds there are"


def _later_steps_make_sense(body: ScenarioBody, _: Faults) -> Iterator[Problem]:
    """Of Deployments that are there by then, and with a version to go back to."""
    rollouts = {rollout.name: rollout for rollout in body.load.rollouts}
    for key in ("rollbacks", "scale_ups"):
        for index, step in enumerate(getattr(body.load, key)):
            at: Path = ("load", key, index)
            rollout = rollouts.get(step.of)
            if rollout is None:
                hint = did_you_mean(step.of, rollouts)
                yield (*at, "of"), f"must be the name of a rollout{hint}, got {got(step.of)}"
                continue
            cold = rollout.cache == "cold" and key == "rollbacks"
            begins_s = round_at_s(rollout, min(2, rollout.repeat) if cold else 1)
            if step.at_s <= begins_s:
                rule = f"must be after {begins_s:g} s, when there is something to change"
                yield (*at, "at"), rule
            if key == "rollbacks" and (rollout.repeat == 1 or rollout.cache == "warm"):
                yield (*at, "of"), f"has no earlier version to go back to: {step.of} has only one"
    for index, rollout in enumerate(body.load.rollouts):
        provider = body.environment.cluster.provider
        if rollout.rolling is not None and provider in ("emulated", "simulated"):
            rule = f"needs a real cluster (--cluster kind): {provider} nodes have no Deployments"
            yield ("load", "rollouts", index, "rolling"), rule


def _load_is_bounded(body: ScenarioBody, faults: Faults) -> Iterator[Problem]:
    pods = sum(rollout.replicas * rollout.repeat for rollout in body.load.rollouts)
    if pods > PODS_MAX:
        yield ("load", "rollouts"), f"must have at most {PODS_MAX:,} pods in all, got {pods:,}"
    last_s = last_step_s(body, faults.entries)
    for kind in ("pulls", "pushes"):
        for index, stream in enumerate(getattr(body.load, kind)):
            lasts_s = stream_end_s(stream, last_s) - stream.at_s
            if lasts_s * stream.rate_per_s > ARRIVALS_MAX:
                rule = f"must give at most {ARRIVALS_MAX:,} {kind} in its {lasts_s:g} s"
                yield ("load", kind, index, "rate"), rule
    occurrences = sum(entry.occurrence.times for entry in faults.entries)
    if occurrences > FAULTS_MAX:
        yield ("faults",), f"must be on at most {FAULTS_MAX:,} times in all, got {occurrences:,}"


def _nodes_fit(body: ScenarioBody, _: Faults) -> Iterator[Problem]:
    cluster = body.environment.cluster
    if rule := nodes_rule(cluster.provider, cluster.nodes):
        yield ("environment", "cluster", "nodes"), rule


def _pulls_fit_the_cluster(body: ScenarioBody, _: Faults) -> Iterator[Problem]:
    cluster = body.environment.cluster
    registry = body.environment.registry.provider
    if cluster.provider == "simulated" and registry != "embedded":
        rule = f"must be embedded with simulated nodes, got {registry}"
        yield ("environment", "registry", "provider"), rule
    if cluster.serialize_image_pulls and cluster.max_parallel_image_pulls > 1:
        # kubelet: pkg/kubelet/apis/config/validation/validation.go, v1.34.4
        rule = f"needs serialize_image_pulls: false, got {cluster.max_parallel_image_pulls}"
        yield ("environment", "cluster", "max_parallel_image_pulls"), rule


def _expectations_can_be_judged(body: ScenarioBody, faults: Faults) -> Iterator[Problem]:
    known = _fault_names(faults)
    for index, expectation in enumerate(body.expect):
        at: Path = ("expect", index)
        metric = METRICS.get(expectation.metric)
        if metric is None:
            hint = did_you_mean(expectation.metric, METRICS)
            yield (*at, "metric"), f"is not known{hint}, got {got(expectation.metric)}"
            continue
        for key in ("quantile", "phase", "fault", "where"):
            if getattr(expectation, key) is not None and not getattr(metric, key):
                yield (*at, key), f"does not apply to {expectation.metric}"
        if expectation.fault is not None and metric.fault and expectation.fault not in known:
            hint = did_you_mean(expectation.fault, known)
            yield (*at, "fault"), f"must be one of faults{hint}, got {got(expectation.fault)}"
        if expectation.where is not None and metric.where:
            yield from where_has_samples(body.load, body.images, expectation.where, metric.of, at)
        yield from _limit_is_right(expectation, metric.unit, at)


def _fault_names(faults: Faults) -> set[str]:
    """Words, and words with their number among those of one word: latency, latency-2."""
    count = {word: faults.words.count(word) for word in faults.words}
    numbered = {f"{word}-{number + 1}" for word in count for number in range(count[word])}
    return {*count, *numbered}


def _limit_is_right(expectation: Expectation, unit: str, at: Path) -> Iterator[Problem]:
    given = [key for key in ("at_most", "at_least") if getattr(expectation, key) is not None]
    if len(given) != 1:
        yield at, "must have exactly one of at_most and at_least"
        return
    value = getattr(expectation, given[0])
    try:
        limit(value, unit)
    except ValueError as error:
        yield (*at, given[0]), f"{error}, got {got(value)}"


def limit(value: Any, unit: str) -> float:
    """A limit in its metric's unit. Raises ValueError with the rule."""
    return share(value) if unit == "share" else seconds(value)
