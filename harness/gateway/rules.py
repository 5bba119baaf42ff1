"""Rules: which requests they match, and what their acts decide. They count affected requests.

The rules of a request are tried in the order in which they were added. Those that take part go
together; the first one that answers, or whose act ends the search, is the last that is tried.
"""

import asyncio
import math
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import translate

from harness.chance import Chance
from harness.gateway.acts import RuleContext, Verdict, behaviour_of
from harness.gateway.orders import InvalidOrderError, RuleOrder
from harness.gateway.request import GatewayRequest
from harness.gateway.storage import Storage
from harness.gateway.token_refusal import TokenRefusal, refuse_token
from harness.process.clock import monotonic_s
from harness.seams import RequestKind

Layers = dict[tuple[str, str], frozenset[int]]  # positions by repository and digest


class Rule:
    """One rule at work. `gone` is set when it is removed or has passed its deadline."""

    def __init__(
        self,
        order: RuleOrder,
        layers: Layers,
        *,
        token_refusal: TokenRefusal = refuse_token,
        storage: Storage | None = None,
    ) -> None:
        self.order = order
        self.chance = Chance(order.seed, order.step)
        self.bites = 0
        self.gone = asyncio.Event()
        context = RuleContext(
            rule=order.rule,
            methods=order.methods,
            chance=self.chance,
            token_refusal=token_refusal,
            storage=storage or Storage(),
        )
        self.behaviour = behaviour_of(order.act, context)
        self._layers = layers
        self._glob = re.compile(translate(order.repository)) if order.repository else None
        self._times_asked: dict[str, int] = {}
        self._left = math.inf if order.first is None else order.first

    def end(self) -> None:
        """Let go of all that it holds."""
        self.gone.set()
        self.behaviour.end()

    def matches(self, request: GatewayRequest, now_s: float) -> bool:
        """Whether to act on `request`. Each call counts as a new one."""
        found = (
            self._left > 0
            and now_s < self.order.deadline_s
            and not self.gone.is_set()
            and self._in_scope(request)
            and (
                self.order.share >= 1
                or self.behaviour.always_matches(request)
                or self._chosen(request)
            )
        )
        self._left -= found
        return found

    async def hold(self, seconds: float) -> None:
        """Wait, but no longer than this rule lives."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds if seconds < math.inf else None):
                await self.gone.wait()

    def _in_scope(self, request: GatewayRequest) -> bool:
        order = self.order
        return (
            (not order.methods or request.method in order.methods)
            and (not order.nodes or request.node in order.nodes)
            and (not order.digests or request.reference in order.digests)
            and (self._glob is None or any(map(self._glob.match, request.repositories)))
            and (not order.layers or not self._positions(request).isdisjoint(order.layers))
            and (order.authenticated is None or order.authenticated == request.authenticated)
            and (order.by is None or (order.by == "digest") == (":" in request.reference))
        )

    def _positions(self, request: GatewayRequest) -> frozenset[int]:
        name = request.repositories[0] if request.repositories else ""
        return self._layers.get((name, request.reference), frozenset())

    def _chosen(self, request: GatewayRequest) -> bool:
        if self.order.per == "node":
            return self.chance.says(self.order.share, request.node)
        key = request.key
        nth = self._times_asked[key] = self._times_asked.get(key, 0) + 1
        return self.chance.says(self.order.share, f"{key} {nth}")


class Rules:
    """The rules of a gateway, by kind of request: those of other kinds cost nothing."""

    def __init__(
        self, token_refusal: TokenRefusal = refuse_token, storage: Storage | None = None
    ) -> None:
        self.layers: Layers = {}
        self.storage = storage or Storage()
        self._token_refusal = token_refusal
        self._rules: dict[str, Rule] = {}
        self._by_kind: Mapping[RequestKind, tuple[Rule, ...]] = {}

    def named(self, name: str) -> Rule:
        """Also one that is gone. Raises KeyError."""
        return self._rules[name]

    def of(self, kind: RequestKind) -> tuple[Rule, ...]:
        return self._by_kind.get(kind, ())

    def add(self, order: RuleOrder) -> None:
        """Raises InvalidOrderError for a name that was used before."""
        if order.rule in self._rules:
            raise InvalidOrderError(f"rule: {order.rule} was added before")
        rule = Rule(order, self.layers, token_refusal=self._token_refusal, storage=self.storage)
        self._rules[order.rule] = rule
        self._sort()
        delay_s = max(0.0, order.deadline_s - monotonic_s())
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
    """What happens to one request.

    `rules` take part, in their order. `answer`: the rule that answers in the registry's place.
    `last`: the rule that ended the search without answering, which may change the body. `path`:
    what the registry is asked for, when it is not the request's own. `headers` go with any answer.
    """

    rules: list[Rule] = field(default_factory=list)
    answer: Rule | None = None
    last: Rule | None = None
    path: str | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)

    def add(self, rule: Rule, verdict: Verdict) -> bool:
        """Whether the search ends with `rule`."""
        self.headers += verdict.headers
        if verdict.step == "answer":
            self.answer = rule
            return True
        if verdict.step != "ignore":
            self.rules.append(rule)
        if verdict.step == "end":
            self.last, self.path = rule, verdict.path
            return True
        return False


def decide(rules: tuple[Rule, ...], request: GatewayRequest, now_s: float) -> Decision | None:
    """What `rules` do to `request`; None when none of them matches."""
    decision: Decision | None = None
    for rule in rules:
        if rule.matches(request, now_s):
            decision = decision or Decision()
            if decision.add(rule, rule.behaviour.decide(request, now_s)):
                break
    return decision
