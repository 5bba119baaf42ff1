"""What only all faults and their environment can tell: seams that exist, no contradictions."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import combinations

from harness.oci.images import LAYERS_MAX
from harness.scenario.complaints import Path, did_you_mean, got
from harness.scenario.extent import spans_of
from harness.scenario.fault_support import FaultSupport, logins_of
from harness.scenario.model import FaultEntry, FaultWhere, ScenarioBody
from harness.scenario.selections import node_names, numbers
from harness.seams import Seam

Problem = tuple[Path, str]
Spans = list[tuple[float, float]]


@dataclass(kw_only=True)
class Faults:
    """Faults by their place in the file.

    `right` are valid; `salvaged` have stand-ins for what is wrong, so only their scope is
    judged; `words` are all that were named.
    """

    right: list[tuple[int, FaultEntry]] = field(default_factory=list)
    salvaged: list[tuple[int, FaultEntry]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def entries(self) -> tuple[FaultEntry, ...]:
        return tuple(entry for _, entry in self.right)


def faults_fit(body: ScenarioBody, faults: Faults) -> Iterator[Problem]:
    """Each fault has its seam, a scope that exists, and a time of its own."""
    environment, registry = body.environment, body.environment.registry
    support = FaultSupport(
        link=environment.link,
        provider=environment.registry.provider,
        tls=environment.registry.tls,
        logins=logins_of(registry.provider, registry.auth, registry.profile),
        cluster=environment.cluster.provider,
    )
    for index, entry in (*faults.right, *faults.salvaged):
        at: Path = ("faults", index)
        yield from (((*at, entry.word), rule) for rule in support.problems(entry.fault))
        yield from where_fits(entry, body.environment.cluster.nodes, (*at, "where"))
        yield from _where_finds_something(body, entry, (*at, "where"))
    for index, entry in faults.right:
        yield from _timing_fits(entry, ("faults", index))


def _timing_fits(entry: FaultEntry, at: Path) -> Iterator[Problem]:
    when = entry.occurrence
    if when.times > 1 and when.every_s is None:
        yield (*at, "times"), "needs every: the time from one occurrence to the next"
    if when.every_s is not None and when.every_s <= when.for_s:
        yield (*at, "every"), "must be longer than for: a fault cannot overlap itself"
    if when.every_s is not None and "times" not in when.model_fields_set:
        yield (*at, "every"), "needs times: the number of occurrences"


def where_fits(entry: FaultEntry, nodes: int, at: Path) -> Iterator[Problem]:
    """Complaints about the scope of a fault, whose `where` stands at `at`."""
    where, allowed = entry.occurrence.where, entry.fault.where_allowed()
    for key in FaultWhere.model_fields:
        if getattr(where, key) not in (None, ()) and key not in allowed:
            known = f"it takes {', '.join(sorted(allowed))}" if allowed else "it takes none"
            yield (*at, key), f"cannot narrow {entry.word}; {known}"
    for kind in where.kinds:
        if kind not in entry.fault.request_kinds and "kinds" in allowed:
            affected = ", ".join(entry.fault.request_kinds)
            yield (
                (*at, "kinds"),
                f"must be a kind of request that {entry.word} affects ({affected}), got {kind}",
            )
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


def _where_finds_something(body: ScenarioBody, entry: FaultEntry, at: Path) -> Iterator[Problem]:
    """A scope that no request and no blob can be in would only be seen after the run."""
    where, allowed = entry.occurrence.where, entry.fault.where_allowed()
    known = _repositories(body, entry)
    if where.repository is not None and "repository" in allowed:
        if known and not _matching(where.repository, known):
            hint = did_you_mean(where.repository, known)
            rule = f"matches nothing that is pulled or pushed{hint}, got {got(where.repository)}"
            yield (*at, "repository"), rule
        known = _matching(where.repository, known)
    yield from _has_versions(body, entry, known, at[:-1])
    layers = [image.layers for name, image in body.images.items() if name in known]
    if where.layers is not None and "layers" in allowed and layers:
        try:
            last = numbers(where.layers, LAYERS_MAX, "layers")[-1]
        except ValueError:
            return  # another rule reports it
        if last >= max(layers):
            rule = f"must be among the layers 0-{max(layers) - 1} of the images, got {last}"
            yield (*at, "layers"), rule


def _has_versions(
    body: ScenarioBody, entry: FaultEntry, known: frozenset[str], at: Path
) -> Iterator[Problem]:
    """What a fault leaves alone must not be all that there is."""
    needed = entry.fault.versions_needed()
    made = Counter[str]()
    for rollout in body.load.rollouts:
        made[rollout.image] += rollout.repeat if rollout.cache == "cold" else 1
    most = max((made[name] or 1 for name in known), default=needed)
    if most < needed:
        rule = f"needs {needed} versions of an image, which a rollout of so many rounds makes"
        yield (*at, entry.word), f"{rule}, got {most}"


def _repositories(body: ScenarioBody, entry: FaultEntry) -> frozenset[str]:
    """Where a fault can find something: what is pushed in the run is never changed at rest."""
    at_rest = Seam.STORE in entry.fault.seams_needed()
    pushed = () if at_rest else (it.repository for it in body.load.pushes)
    return frozenset((*body.images, *pushed))


def _matching(pattern: str, repositories: frozenset[str]) -> frozenset[str]:
    return frozenset(name for name in repositories if fnmatchcase(name, pattern))


def faults_agree(body: ScenarioBody, faults: Faults) -> Iterator[Problem]:
    """No two faults that exclude each other at one time and place."""
    scopes = [scope for index, entry in faults.right if (scope := _scope(index, entry, body))]
    for first, second in combinations(scopes, 2):
        if not _overlap(first.spans, second.spans):
            continue
        if _contradict(first, second) and first.meets(second):
            rule = f"contradicts {first.entry.word}, which is on at the same time and place"
            yield ("faults", second.index, second.entry.word), rule


@dataclass(frozen=True, kw_only=True)
class _Scope:
    """Where and when a fault is; sets that are empty are all."""

    index: int
    entry: FaultEntry
    spans: Spans
    chosen: tuple[frozenset[object], ...]  # nodes, layers, kinds, repositories

    def meets(self, other: "_Scope") -> bool:
        """Whether one request, or one blob, could meet both."""
        pairs = zip(self.chosen, other.chosen, strict=True)
        return all(not those or not these or those & these for those, these in pairs)


def _scope(index: int, entry: FaultEntry, body: ScenarioBody) -> _Scope | None:
    """None for a `where` that is wrong; another rule reports it."""
    where, nodes = entry.occurrence.where, body.environment.cluster.nodes
    everywhere = _repositories(body, entry)
    try:
        layers = () if where.layers is None else numbers(where.layers, LAYERS_MAX, "layers")
        names = node_names(where.nodes, nodes)
    except ValueError:
        return None
    found = frozenset[str]()
    if where.repository is not None and not (found := _matching(where.repository, everywhere)):
        return None
    return _Scope(
        index=index,
        entry=entry,
        spans=spans_of(entry),
        chosen=(
            frozenset(names),
            frozenset(layers),
            frozenset(where.kinds),
            found,
        ),
    )


def _contradict(first: _Scope, second: _Scope) -> bool:
    """Whether they are one fault, or one uses what the other needs for itself."""
    if first.entry.word == second.entry.word:
        return True
    those, these = first.entry.fault, second.entry.fault
    return not (
        those.excluded().isdisjoint(these.excluded() | these.seams_needed())
        and these.excluded().isdisjoint(those.seams_needed())
    )


def _overlap(those: Spans, these: Spans) -> bool:
    """Whether both are on at once; occurrences of one fault come in order and do not overlap."""
    if those[-1][1] <= these[0][0] or these[-1][1] <= those[0][0]:
        return False
    a = b = 0
    while a < len(those) and b < len(these):
        if those[a][0] < these[b][1] and these[b][0] < those[a][1]:
            return True
        if those[a][1] <= these[b][0]:
            a += 1
        else:
            b += 1
    return False
