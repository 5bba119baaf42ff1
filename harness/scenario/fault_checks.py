"""What only all faults and their environment can tell: seams that exist, no contradictions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import combinations

from harness.oci.images import LAYERS_MAX
from harness.scenario.complaints import Path
from harness.scenario.extent import spans_of
from harness.scenario.model import FaultEntry, FaultWhere, ScenarioBody
from harness.scenario.selections import node_names, numbers
from harness.seams import Seam

Problem = tuple[Path, str]

# Words that change the same thing in ways that exclude each other.
_RESOLVER_WORDS = "dns_"
_DOWN = "connection_refused"


@dataclass(kw_only=True)
class Faults:
    """Faults by their place in the file.

    `right` hold together; `mended` have stand-ins for what is wrong, so only their scope is judged;
    `words` are all that were named.
    """

    right: list[tuple[int, FaultEntry]] = field(default_factory=list)
    mended: list[tuple[int, FaultEntry]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def entries(self) -> tuple[FaultEntry, ...]:
        return tuple(entry for _, entry in self.right)


def faults_fit(body: ScenarioBody, faults: Faults) -> Iterator[Problem]:
    """Each fault has its seam, a scope that exists, and a time of its own."""
    for index, entry in (*faults.right, *faults.mended):
        at: Path = ("faults", index)
        if Seam.LINK in entry.fault.seams_needed() and body.environment.link == "none":
            yield (*at, entry.word), "bites the link, which environment.link: none leaves out"
        yield from where_fits(entry, body.environment.cluster.nodes, (*at, "where"))
    for index, entry in faults.right:
        yield from _timing_fits(entry, ("faults", index))


def _timing_fits(entry: FaultEntry, at: Path) -> Iterator[Problem]:
    when = entry.occurrence
    if when.times > 1 and when.every_s is None:
        yield (*at, "times"), "needs every: how long from one occurrence to the next"
    if when.every_s is not None and when.every_s <= when.for_s:
        yield (*at, "every"), "must be longer than for: a fault cannot overlap itself"
    if when.every_s is not None and "times" not in when.model_fields_set:
        yield (*at, "every"), "needs times: how often the fault comes back"


def where_fits(entry: FaultEntry, nodes: int, at: Path) -> Iterator[Problem]:
    """Complaints about the scope of a fault, whose `where` stands at `at`."""
    where, allowed = entry.occurrence.where, entry.fault.where_allowed()
    for key in FaultWhere.model_fields:
        if getattr(where, key) not in (None, ()) and key not in allowed:
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


def faults_agree(body: ScenarioBody, faults: Faults) -> Iterator[Problem]:
    """No two faults that exclude each other at one time and place."""
    nodes = body.environment.cluster.nodes
    for (_, first), (index, second) in combinations(faults.right, 2):
        if _contradict(first, second) and _meet(first, second, nodes) and _overlap(first, second):
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
    """Whether both are on at once; occurrences of one fault come in order and do not overlap."""
    those, these = spans_of(first), spans_of(second)
    a = b = 0
    while a < len(those) and b < len(these):
        if those[a][0] < these[b][1] and these[b][0] < those[a][1]:
            return True
        if those[a][1] <= these[b][0]:
            a += 1
        else:
            b += 1
    return False


def _meet(first: FaultEntry, second: FaultEntry, nodes: int) -> bool:
    """Whether one request could meet both; a wrong `where` is told elsewhere."""
    a, b = first.occurrence.where, second.occurrence.where
    if a.repository and b.repository and not _globs_meet(a.repository, b.repository):
        return False
    try:
        chosen = (
            (node_names(a.nodes, nodes), node_names(b.nodes, nodes)),
            (_layers(a), _layers(b)),
            (a.kinds, b.kinds),
        )
    except ValueError:
        return False
    return all(_share_one(those, these) for those, these in chosen)


def _layers(where: FaultWhere) -> tuple[int, ...]:
    return () if where.layers is None else numbers(where.layers, LAYERS_MAX, "layers")


def _share_one(those: Sequence[object], these: Sequence[object]) -> bool:
    """Whether two choices have one in common; none chosen is all."""
    return not those or not these or not set(those).isdisjoint(these)


def _globs_meet(a: str, b: str) -> bool:
    """Whether a repository could match both, told from one being an example of the other."""
    return fnmatchcase(a, b) or fnmatchcase(b, a)
