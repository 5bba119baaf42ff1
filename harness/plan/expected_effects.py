"""How many requests each fault is expected to affect, and how likely it affects none.

An estimate: a pull sends all its requests as it begins, nothing is tried again, and each request
is drawn by itself. Nodes are chosen as the run will choose them, by the same seed.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final, Literal, Protocol

from harness.chance import Chance
from harness.faults import Fault
from harness.load.orders import CLIENTS_NODE
from harness.plan.seam_calls import seam_calls
from harness.plan.traffic import Ask, Call, Removal, Traffic
from harness.seams import Act, EgressQuota, MisdirectToken, RateLimit, RequestKind, Seam, Where

Unit = Literal["requests", "pulls", "name lookups", "TLS handshakes", "images on nodes"]

_HANDSHAKES_OF_A_PULL: Final = 2  # or more: containerd's resolver and its fetcher connect apart
_WINDOWS_MAX: Final = 1000  # of a limit within one fault; beyond, all are one
_BY_SEAM: Final[dict[Seam, Unit]] = {
    Seam.RESOLVER: "name lookups",
    Seam.TLS: "TLS handshakes",
    Seam.CLUSTER: "pulls",
}


@dataclass(frozen=True, kw_only=True)
class ExpectedEffect:
    """Of one occurrence. `in_scope`: what the fault could meet, in `unit`; `affected`: of these.

    `none_probability`: how likely not one of them is, over all seeds.
    """

    unit: Unit
    in_scope: int
    affected: float
    none_probability: float


class Timed(Protocol):
    """One occurrence of a fault, as far as its effect goes."""

    @property
    def id(self) -> str: ...
    @property
    def fault(self) -> Fault: ...
    @property
    def where(self) -> Where: ...
    @property
    def at_s(self) -> float: ...
    @property
    def ends_s(self) -> float: ...


@dataclass(frozen=True, kw_only=True)
class Match:
    """What a fault asks its seam to match."""

    kinds: tuple[RequestKind, ...] = ()
    methods: tuple[str, ...] = ()
    share: float = 1.0
    authenticated: bool | None = None
    by: Literal["tag", "digest"] | None = None
    per: Literal["request", "node"] = "request"
    act: Act | None = None

    def takes(self, ask: Ask, where: Where) -> bool:
        """Whether a request is one of those."""
        if isinstance(self.act, MisdirectToken):  # it changes challenges
            return ask.login
        return (
            (not self.kinds or ask.kind in self.kinds)
            and (not self.methods or ask.method in self.methods)
            and (not where.layers or ask.layer in where.layers)
            and (self.by is None or self.by == ask.by)
            and not ask.login
        )


def match_of(timed: Timed) -> Match:
    """The requests that a fault is about; its `where` may name other kinds."""
    match = _match_of(timed.fault)
    return replace(match, kinds=timed.where.kinds) if timed.where.kinds else match


def _match_of(fault: Fault) -> Match:
    share = float(getattr(fault, "share", 1.0))
    if fault.seams_needed() != {Seam.GATEWAY}:
        return Match(kinds=fault.request_kinds, share=share)
    [(verb, arguments, settings)] = seam_calls(fault)
    if verb == "instead":
        return Match(
            kinds=(RequestKind.MANIFEST,),
            by=None if settings.get("alone") else "tag",
            share=share,
            per=settings.get("per", "request"),
        )
    return Match(act=arguments[0], **settings)


def expected_effect(timed: Timed, traffic: Traffic, seed: int) -> ExpectedEffect:
    """What is expected of one occurrence."""
    if _removes_images(timed.fault):
        calls = calls_in_scope(traffic.between(0.0, timed.at_s), timed, traffic, seed)
        held = {(it.node, it.image) for it in calls if it.node != CLIENTS_NODE}
        return _certain("images on nodes", len(held))
    calls = calls_in_scope(traffic.between(timed.at_s, timed.ends_s), timed, traffic, seed)
    [*seams] = timed.fault.seams_needed()
    match seams[0]:
        case Seam.GATEWAY:
            return _of_requests(timed, calls, traffic, seed)
        case Seam.STORE:
            return _of_content(timed, calls, traffic)
        case Seam.RESOLVER | Seam.TLS as seam:
            share = float(getattr(timed.fault, "share", 1.0))
            each = _HANDSHAKES_OF_A_PULL if seam is Seam.TLS else 1
            return _drawn(_BY_SEAM[seam], each * calls.total(), share)
        case Seam.CLUSTER:
            return _certain("pulls", calls.total())
    requests = sum(count * len(traffic.asks(it.image, it.does)) for it, count in calls.items())
    return _certain("requests", requests)


def together(effects: Sequence[ExpectedEffect]) -> ExpectedEffect:
    """Of all occurrences of one fault: it affects none when none of them does."""
    return replace(
        effects[0],
        in_scope=sum(it.in_scope for it in effects),
        affected=sum(it.affected for it in effects),
        none_probability=math.prod(it.none_probability for it in effects),
    )


def _certain(unit: Unit, count: int) -> ExpectedEffect:
    return _drawn(unit, count, 1.0)


def _drawn(unit: Unit, count: int, share: float, draws: int | None = None) -> ExpectedEffect:
    """`draws`: how often the share is asked, when it is not once for each."""
    return ExpectedEffect(
        unit=unit,
        in_scope=count,
        affected=count * share,
        none_probability=(1 - share) ** (count if draws is None else draws),
    )


def _known(in_scope: int, affected: float) -> ExpectedEffect:
    """Requests of which it is known that some are affected, or that none is."""
    return ExpectedEffect(
        unit="requests",
        in_scope=in_scope,
        affected=affected,
        none_probability=0.0 if affected > 0 else 1.0,
    )


def calls_in_scope(
    calls: Counter[Call], timed: Timed, traffic: Traffic, seed: int
) -> Counter[Call]:
    """The calls that `where` leaves; faults of paths and nodes choose nodes by their share."""
    where, nodes = timed.where, _nodes_in_scope(timed, traffic.nodes, seed)
    return Counter(
        {
            it: count
            for it, count in calls.items()
            if it.node in nodes
            and (where.repository is None or fnmatchcase(it.repository, where.repository))
        }
    )


def _nodes_in_scope(timed: Timed, nodes: Sequence[str], seed: int) -> frozenset[str]:
    fault, chosen = timed.fault, timed.where.nodes or tuple(nodes)
    share = float(getattr(fault, "share", 1.0))
    if share < 1 and not fault.seams_needed().isdisjoint((Seam.LINK, Seam.CLUSTER)):
        return frozenset(Chance(seed, timed.id).pick(share, chosen))
    return frozenset(chosen)


def removals_of(faults: Iterable[Timed], nodes: Sequence[str], seed: int) -> tuple[Removal, ...]:
    """What the faults that remove images from nodes do to later pods."""
    return tuple(
        Removal(
            at_s=it.at_s,
            nodes=_nodes_in_scope(it, nodes, seed),
            repository=it.where.repository or "*",
        )
        for it in faults
        if _removes_images(it.fault)
    )


def _removes_images(fault: Fault) -> bool:
    return any(it.verb == "remove_images" for it in seam_calls(fault))


def _of_requests(timed: Timed, calls: Counter[Call], traffic: Traffic, seed: int) -> ExpectedEffect:
    match, where = match_of(timed), timed.where
    if isinstance(match.act, RateLimit | EgressQuota):
        return _beyond(match.act, match, timed, traffic, seed)
    count = _matching(calls, match, where, traffic)
    if where.first is not None:
        count = min(count, where.first)
    if match.per == "request" or match.share >= 1:
        return _drawn("requests", count, match.share)
    chance = Chance(seed, timed.id)
    chosen = Counter({it: n for it, n in calls.items() if chance.says(match.share, it.node)})
    return _known(count, _matching(chosen, match, where, traffic))


def _matching(calls: Counter[Call], match: Match, where: Where, traffic: Traffic) -> int:
    return sum(
        count * sum(match.takes(ask, where) for ask in traffic.asks(call.image, call.does))
        for call, count in calls.items()
    )


def _beyond(
    act: RateLimit | EgressQuota, match: Match, timed: Timed, traffic: Traffic, seed: int
) -> ExpectedEffect:
    """Only what comes in a window after the limit is used up is affected."""
    lasts_s = timed.ends_s - timed.at_s
    windows = min(math.ceil(lasts_s / act.window_s), _WINDOWS_MAX)
    length_s = act.window_s if windows < _WINDOWS_MAX else lasts_s / windows
    in_scope, affected = 0, 0.0
    for number in range(windows):
        begin_s = timed.at_s + number * length_s
        calls = traffic.between(begin_s, min(begin_s + length_s, timed.ends_s))
        calls = calls_in_scope(calls, timed, traffic, seed)
        count = _matching(calls, match, timed.where, traffic)
        in_scope += count
        if isinstance(act, RateLimit):
            affected += max(0.0, count * match.share - act.limit)
        elif sent := _sent_bytes(calls, traffic):
            affected += count * max(0.0, 1 - act.limit_bytes / sent)
    return _known(in_scope, affected)


def _sent_bytes(calls: Counter[Call], traffic: Traffic) -> int:
    return sum(
        count * sum(ask.body_bytes for ask in traffic.asks(call.image, call.does))
        for call, count in calls.items()
    )


def _of_content(timed: Timed, calls: Counter[Call], traffic: Traffic) -> ExpectedEffect:
    """Content at rest is drawn once for all who ask for it."""
    match, where = match_of(timed), timed.where
    of_layers = match.kinds == (RequestKind.BLOB,)
    pulls = Counter({it: count for it, count in calls.items() if it.does != "push"})
    if of_layers and not where.layers:
        where = replace(where, layers=tuple(range(_most_layers(pulls, traffic))))
    drawn = {
        (call.image, ask.layer)
        for call in pulls
        for ask in traffic.asks(call.image, call.does)
        if match.takes(ask, where)
    }
    draws = len(drawn) if of_layers else len({image for image, _ in drawn})
    return _drawn("requests", _matching(pulls, match, where, traffic), match.share, draws)


def _most_layers(calls: Iterable[Call], traffic: Traffic) -> int:
    layers = (ask.layer or 0 for it in calls for ask in traffic.asks(it.image, it.does))
    return 1 + max(layers, default=0)
