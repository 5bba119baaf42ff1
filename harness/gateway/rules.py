"""Rules: which requests they match, and what they decide. They count their bites.

The rules of a request are tried in the order in which they were added. `Delay`, `Watch`, queues and
quotas that let it pass, and those that change a header of the answer go together with any other; of
the rest the first that bites ends the search. `Corrupt` and `Truncate` end it for a GET they match,
although only the answer shows whether they bite: an error has no body worth changing, and a range
may lie where nothing changes.
"""

import asyncio
import re
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import translate

from harness.chance import Chance
from harness.gateway.orders import InvalidOrderError, RuleOrder
from harness.gateway.request import Ask
from harness.gateway.skew import is_refused
from harness.gateway.substitution import Substitution
from harness.gateway.token_refusal import RefuseToken, refuse_token
from harness.gateway.turns import Turns
from harness.oci.windows import Window
from harness.seams import (
    Act,
    ConnectionLimit,
    Corrupt,
    Delay,
    EgressQuota,
    Instead,
    MisdirectToken,
    MislabelDigest,
    Queue,
    RateLimit,
    RequestKind,
    SkewClock,
    Truncate,
    Watch,
)

Layers = dict[tuple[str, str], frozenset[int]]  # positions by repository and digest


class Rule:
    """One rule at work. `gone` is set when it is removed or has passed its deadline."""

    def __init__(
        self, order: RuleOrder, layers: Layers, refuse: RefuseToken = refuse_token
    ) -> None:
        self.order = order
        self.refuse_token = refuse
        self.act = order.act
        self.chance = Chance(order.seed, order.step)
        self.bites = 0
        self.gone = asyncio.Event()
        self.window = _window(order.act)
        self.turns = Turns(order.act.at_once) if isinstance(order.act, Queue) else None
        self.substitution = Substitution(self.act) if isinstance(self.act, Instead) else None
        self._layers = layers
        self._glob = re.compile(translate(order.repository)) if order.repository else None
        self._asked: dict[str, int] = {}

    def end(self) -> None:
        """Let go of all that it holds."""
        self.gone.set()
        if self.turns is not None:
            self.turns.open()

    def matches(self, ask: Ask, now_s: float) -> bool:
        """Whether `ask` is one of the requests to act on; the share's answer is used up."""
        return (
            now_s < self.order.deadline_s
            and not self.gone.is_set()
            and self._in_scope(ask)
            and (self.order.share >= 1 or self._is_sure(ask) or self._chosen(ask))
        )

    def counts(self, ask: Ask) -> bool:
        """Whether a rate limit counts `ask`: HEAD only when the rule names it (Docker Hub)."""
        return ask.method != "HEAD" or "HEAD" in self.order.methods

    async def hold(self, seconds: float) -> None:
        """Wait, but no longer than this rule lives."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.gone.wait()

    def _in_scope(self, ask: Ask) -> bool:
        order = self.order
        return (
            (not order.methods or ask.method in order.methods)
            and (not order.nodes or ask.node in order.nodes)
            and (not order.digests or ask.reference in order.digests)
            and (self._glob is None or any(map(self._glob.match, ask.repositories)))
            and (not order.layers or not self._positions(ask).isdisjoint(order.layers))
            and (order.authenticated is None or order.authenticated == ask.authenticated)
            and (order.by is None or (order.by == "digest") == (":" in ask.reference))
        )

    def _is_sure(self, ask: Ask) -> bool:
        return self.substitution is not None and self.substitution.is_sure(ask)

    def _positions(self, ask: Ask) -> frozenset[int]:
        name = ask.repositories[0] if ask.repositories else ""
        return self._layers.get((name, ask.reference), frozenset())

    def _chosen(self, ask: Ask) -> bool:
        if self.order.per == "node":
            return self.chance.says(self.order.share, ask.node)
        key = ask.key
        nth = self._asked[key] = self._asked.get(key, 0) + 1
        return self.chance.says(self.order.share, f"{key} {nth}")


def _window(act: Act) -> Window | None:
    match act:
        case RateLimit(limit=limit, window_s=length_s):
            return Window(limit, length_s, time.monotonic())
        case EgressQuota(limit_bytes=limit_bytes, window_s=length_s):
            return Window(limit_bytes, length_s, time.monotonic())
    return None


class Rules:
    """The rules of a gateway, by kind of request: those of other kinds cost nothing."""

    def __init__(self, refuse: RefuseToken = refuse_token) -> None:
        self.layers: Layers = {}
        self._refuse = refuse
        self._rules: dict[str, Rule] = {}
        self._by_kind: Mapping[RequestKind, tuple[Rule, ...]] = {}

    def of(self, kind: RequestKind) -> tuple[Rule, ...]:
        return self._by_kind.get(kind, ())

    def add(self, order: RuleOrder) -> None:
        """Raises InvalidOrderError for a name that was used before."""
        if order.rule in self._rules:
            raise InvalidOrderError(f"rule: {order.rule} was added before")
        rule = self._rules[order.rule] = Rule(order, self.layers, self._refuse)
        self._sort()
        delay_s = max(0.0, order.deadline_s - time.monotonic())
        asyncio.get_running_loop().call_later(delay_s, self._end, rule)

    def remove(self, name: str) -> int:
        """Its bites, which are kept. Raises InvalidOrderError for an unknown one."""
        rule = self._rules.get(name)
        if rule is None:
            raise InvalidOrderError(f"rule: {name} is not known")
        self._end(rule)
        return rule.bites

    def clear(self) -> None:
        """End all rules; answers that they hold are let go."""
        for rule in self._rules.values():
            rule.end()
        self._by_kind = {}

    def bites(self, names: Iterable[str]) -> dict[str, int]:
        """By rule, also of those that are gone; unknown names are left out."""
        return {name: self._rules[name].bites for name in names if name in self._rules}

    def add_layers(self, repository: str, positions: Mapping[str, Iterable[int]]) -> None:
        """Where the layers of one more image have their places, by digest."""
        for digest, places in positions.items():
            key = (repository, digest)
            self.layers[key] = self.layers.get(key, frozenset()) | frozenset(places)

    def _end(self, rule: Rule) -> None:
        if not rule.gone.is_set():
            rule.end()
            self._sort()

    def _sort(self) -> None:
        living = [rule for rule in self._rules.values() if not rule.gone.is_set()]
        self._by_kind = {
            kind: found
            for kind in RequestKind
            if (found := tuple(rule for rule in living if kind in rule.order.kinds))
        }


@dataclass(kw_only=True)
class Decision:
    """What happens to one request. `answer`: the rule that answers instead of the registry.

    `instead`: the rule that lets the registry be asked for `path`. `labels` may change a header of
    the answer, `body` its body. `headers` go with any answer. `queues` are waited in before the
    registry is asked, `meters` count or slow its answer's body.
    """

    delays: list[Rule] = field(default_factory=list)
    watches: list[Rule] = field(default_factory=list)
    labels: list[Rule] = field(default_factory=list)
    queues: list[Rule] = field(default_factory=list)
    meters: list[Rule] = field(default_factory=list)
    answer: Rule | None = None
    instead: Rule | None = None
    path: str | None = None
    body: Rule | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)


def decide(rules: tuple[Rule, ...], ask: Ask, now_s: float) -> Decision | None:
    """What `rules` do to `ask`; None when none of them matches."""
    decision: Decision | None = None
    for rule in rules:
        if not rule.matches(ask, now_s):
            continue
        decision = decision or Decision()
        match rule.act:
            case Delay():
                decision.delays.append(rule)
            case Watch():
                decision.watches.append(rule)
            case MisdirectToken() | MislabelDigest():
                decision.labels.append(rule)
            case _:
                if _ends_the_search(rule, ask, decision, now_s):
                    break
    return decision


def _ends_the_search(rule: Rule, ask: Ask, decision: Decision, now_s: float) -> bool:
    """Let `rule` answer `ask`, or change the answer's body; False when it does neither."""
    match rule.act:
        case Corrupt() | Truncate():
            if ask.method != "GET":
                return False
            decision.body = rule
            return True
        case Instead():
            return _substituted(rule, ask, decision)
        case RateLimit():
            answers = _over_limit(rule, ask, decision, now_s)
        case Queue():
            answers = _queue_is_full(rule)
            decision.queues += [] if answers else [rule]
        case EgressQuota():
            answers = _quota_is_spent(rule, now_s)
            decision.meters += [] if answers else [rule]
        case ConnectionLimit(limit=limit, per=per):
            answers = ask.connection.older(per) >= limit
        case SkewClock():
            answers = is_refused(rule.act, ask, datetime.now(UTC).timestamp())
        case _:
            answers = True
    if answers:
        decision.answer = rule
    return answers


def _substituted(rule: Rule, ask: Ask, decision: Decision) -> bool:
    """Let `rule` answer, or the registry be asked for another image; False when neither."""
    assert rule.substitution is not None
    if rule.substitution.answers(ask):
        decision.answer = rule
        return True
    path = rule.substitution.path(ask)
    if path is not None:
        decision.instead, decision.path = rule, path
    return path is not None


def _queue_is_full(rule: Rule) -> bool:
    assert isinstance(rule.act, Queue)
    assert rule.turns is not None
    most = rule.act.waiting
    return most is not None and rule.turns.full and rule.turns.waiting >= most


def _quota_is_spent(rule: Rule, now_s: float) -> bool:
    assert isinstance(rule.act, EgressQuota)
    assert rule.window is not None
    return rule.act.bytes_per_s is None and rule.window.remaining(now_s) <= 0


def _over_limit(rule: Rule, ask: Ask, decision: Decision, now_s: float) -> bool:
    """Count `ask`, and put Docker Hub's headers on its answer."""
    act, window = rule.act, rule.window
    assert isinstance(act, RateLimit)
    assert window is not None
    counted = rule.counts(ask)
    passes = window.take(now_s) if counted else True
    if act.headers == "docker_hub":  # docker/docs: usage/pulls.md
        span = f"w={act.window_s:.0f}"
        decision.headers += [
            ("ratelimit-limit", f"{act.limit};{span}"),
            ("ratelimit-remaining", f"{window.remaining(now_s)};{span}"),
            ("docker-ratelimit-source", (ask.scope.get("client") or ("", 0))[0]),
        ]
    if not passes and act.retry_after_s is not None:
        decision.headers.append(("retry-after", str(act.retry_after_s)))
    return not passes
