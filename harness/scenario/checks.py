"""What only the whole scenario can tell: names that exist, faults that do not contradict."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

from harness.metrics import METRICS
from harness.oci.images import ImageSpec, ImageSpecError
from harness.scenario.complaints import Path, did_you_mean, got
from harness.scenario.model import Abort, Expectation, FaultEntry, FaultWhere, ScenarioBody
from harness.scenario.selections import node_names, numbers
from harness.seams import Seam
from harness.tally import METRICS as ABORT_METRICS
from harness.units import seconds, share

Problem = tuple[Path, str]
Faults = Sequence[tuple[int, FaultEntry]]

LAYERS_MAX = 125
# Words that change the same thing in ways that exclude each other.
_RESOLVER_WORDS = "dns_"
_DOWN = "connection_refused"


def check_whole(body: ScenarioBody, faults: Faults) -> list[Problem]:
    """Every complaint about a scenario whose parts are right by themselves."""
    checks: tuple[Callable[[ScenarioBody, Faults], Iterator[Problem]], ...] = (
        _load_exists,
        _images_can_be_made,
        _names_are_known,
        _rollouts_make_sense,
        _faults_fit,
        _faults_agree,
        _expectations_can_be_judged,
        _aborts_can_be_judged,
    )
    return [problem for check in checks for problem in check(body, faults)]


def _load_exists(body: ScenarioBody, _: Faults) -> Iterator[Problem]:
    if not (body.load.rollouts or body.load.pulls or body.load.pushes):
        yield ("load",), "must have a rollout, pulls or pushes: without load nothing is measured"


def _images_can_be_made(body: ScenarioBody, _: Faults) -> Iterator[Problem]:
    for name, image in body.images.items():
        try:
            ImageSpec(
                name=name, size_bytes=image.size_bytes, layers=image.layers, media=image.media
            )
        except ImageSpecError as error:
            yield ("images", name), str(error).partition(": ")[2]


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


def _faults_fit(body: ScenarioBody, faults: Faults) -> Iterator[Problem]:
    for index, entry in faults:
        at: Path = ("faults", index)
        if Seam.LINK in entry.fault.seams_needed() and body.environment.link == "none":
            yield (*at, entry.word), "bites the link, which environment.link: none leaves out"
        every_s, for_s = entry.occurrence.every_s, entry.occurrence.for_s
        if entry.occurrence.times > 1 and every_s is None:
            yield (*at, "times"), "needs every: how long from one occurrence to the next"
        if every_s is not None and every_s <= for_s:
            yield (*at, "every"), "must be longer than for: a fault cannot overlap itself"
        yield from where_fits(entry, body.environment.cluster.nodes, (*at, "where"))


def where_fits(entry: FaultEntry, nodes: int, at: Path) -> Iterator[Problem]:
    """Complaints about the scope of a fault, whose `where` stands at `at`."""
    where, allowed = entry.occurrence.where, entry.fault.where_allowed()
    for key in FaultWhere.model_fields:
        if getattr(where, key) and key not in allowed:
            known = f"it takes {', '.join(sorted(allowed))}" if allowed else "it takes none"
            yield (*at, key), f"cannot narrow {entry.word}; {known}"
    for kind in where.kinds:
        if kind not in entry.fault.request_kinds and "kinds" in allowed:
            bites = ", ".join(entry.fault.request_kinds)
            yield (*at, "kinds"), f"must be among what {entry.word} bites, {bites}, got {kind}"
    for key, read in (
        ("nodes", lambda text: node_names(text, nodes)),
        ("layers", lambda text: numbers(text, LAYERS_MAX, "layers")),
    ):
        text = getattr(where, key)
        if text is not None:
            try:
                read(text)
            except ValueError as error:
                yield (*at, key), str(error)


def _faults_agree(body: ScenarioBody, faults: Faults) -> Iterator[Problem]:
    """No two faults of one kind at one time and place."""
    nodes = body.environment.cluster.nodes
    for (_, first), (index, second) in combinations(faults, 2):
        if _contradict(first, second) and _overlap(first, second) and _meet(first, second, nodes):
            rule = f"contradicts {first.word}, which is on at the same time and place"
            yield ("faults", index, second.word), rule


def _contradict(first: FaultEntry, second: FaultEntry) -> bool:
    if first.word == second.word:
        return True
    words = (first.word, second.word)
    if all(word.startswith(_RESOLVER_WORDS) for word in words):
        return True
    on_link = all(Seam.LINK in entry.fault.seams_needed() for entry in (first, second))
    return on_link and _DOWN in words


def _overlap(first: FaultEntry, second: FaultEntry) -> bool:
    return any(a < d and c < b for a, b in _spans(first) for c, d in _spans(second))


def _spans(entry: FaultEntry) -> list[tuple[float, float]]:
    when = entry.occurrence
    starts = [when.at_s + number * (when.every_s or 0.0) for number in range(when.times)]
    return [(start, start + when.for_s) for start in starts]


def _meet(first: FaultEntry, second: FaultEntry, nodes: int) -> bool:
    """Whether both reach a node and a repository in common; a wrong `where` is told elsewhere."""
    a, b = first.occurrence.where, second.occurrence.where
    if a.repository and b.repository and a.repository != b.repository:
        return False
    try:
        those, these = (set(node_names(where.nodes, nodes)) for where in (a, b))
    except ValueError:
        return False
    return not those or not these or bool(those & these)


def _expectations_can_be_judged(body: ScenarioBody, faults: Faults) -> Iterator[Problem]:
    words = {entry.word for _, entry in faults}
    for index, expectation in enumerate(body.expect):
        at: Path = ("expect", index)
        metric = METRICS.get(expectation.metric)
        if metric is None:
            hint = did_you_mean(expectation.metric, METRICS)
            yield (*at, "metric"), f"is not known{hint}, got {got(expectation.metric)}"
            continue
        for key in ("quantile", "phase", "fault"):
            if getattr(expectation, key) is not None and not getattr(metric, key):
                yield (*at, key), f"does not apply to {expectation.metric}"
        if expectation.fault is not None and expectation.fault not in words:
            hint = did_you_mean(expectation.fault, words)
            yield (*at, "fault"), f"must be one of faults{hint}, got {got(expectation.fault)}"
        yield from _limit_is_right(expectation, metric.unit, at)


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


def _aborts_can_be_judged(body: ScenarioBody, _: Faults) -> Iterator[Problem]:
    for index, abort in enumerate(body.abort_when):
        yield from _abort_is_right(abort, ("abort_when", index))


def _abort_is_right(abort: Abort, at: Path) -> Iterator[Problem]:
    if abort.metric not in ABORT_METRICS:
        hint = did_you_mean(abort.metric, ABORT_METRICS)
        yield (*at, "metric"), f"is not known{hint}, got {got(abort.metric)}"
    try:
        above = share(abort.above)
    except ValueError as error:
        yield (*at, "above"), f"{error}, got {got(abort.above)}"
    else:
        if above >= 1:
            yield (*at, "above"), "must be below 100%: nothing can be above it"
