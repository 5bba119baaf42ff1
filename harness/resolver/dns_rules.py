"""Which queries are answered wrongly: rules with a scope, a share, a deadline and a count."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import TypeAdapter

from harness.chance import Chance
from harness.seams import DnsMode

Transport = Literal["udp", "tcp"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Answer a `share` of the queries of `nodes` in `mode`.

    `deadline_s` is absolute on the monotonic clock: the rule is gone then, whoever forgot it.
    `delay_ms` is for the mode `delay`, `address` for `wrong_address`. With `right_s` the rule takes
    turns from `begins_s` on: at work for `wrong_s`, then out of it for `right_s`, and so on.
    """

    rule: str
    mode: DnsMode
    nodes: frozenset[str]
    share: float
    chance: Chance
    deadline_s: float
    delay_ms: int = 0
    address: str = ""
    begins_s: float = 0.0
    wrong_s: float = 0.0
    right_s: float = 0.0

    def is_at_work(self, now_s: float) -> bool:
        """Whether this is one of its turns."""
        if not self.right_s:
            return True
        return (now_s - self.begins_s) % (self.wrong_s + self.right_s) < self.wrong_s

    def chooses(self, node: str, name: str, ask: int) -> bool:
        """Whether the `ask`-th question (from 1) of `node` for `name` belongs to the share.

        The type of the record is no part of the key: a client asks for A and AAAA at once and
        takes both answers for one, so the pair meets the same fate.
        """
        return self.chance.says(self.share, f"{node}\0{name}\0{ask}")

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = _RULE.dump_python(self, mode="json")
        return data


_RULE = TypeAdapter(Rule)


def rule_from_json(data: object) -> Rule:
    """The rule that `Rule.to_json` wrote. Raises ValueError."""
    return _RULE.validate_python(data)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One query for the registry's name. `record_type` is the name of the type: A, AAAA, ..."""

    node: str
    name: str
    record_type: str
    transport: Transport


@dataclass
class Rules:
    """The rules in force, and what every rule has bitten, also those that are gone."""

    _rules: dict[str, Rule] = field(default_factory=dict)
    _bites: Counter[str] = field(default_factory=Counter)
    _asks: defaultdict[str, Counter[Asked]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, rule: Rule) -> None:
        self._rules[rule.rule] = rule
        self._bites.setdefault(rule.rule, 0)

    def remove(self, rule: str) -> None:
        """End `rule`; nothing when it is gone already. Its count stays."""
        self._rules.pop(rule, None)
        self._asks.pop(rule, None)

    def __len__(self) -> int:
        """How many are in force."""
        return len(self._rules)

    def choosing(self, asked: Asked, now_s: float) -> list[Rule]:
        """The rules that this query meets, the oldest first.

        Each rule numbers the questions by itself, for each record type and transport, so that
        what was asked before the rule began changes nothing.
        """
        for rule in [rule for rule in self._rules.values() if rule.deadline_s <= now_s]:
            self.remove(rule.rule)
        return [rule for rule in self._rules.values() if self._chosen(rule, asked, now_s)]

    def _chosen(self, rule: Rule, asked: Asked, now_s: float) -> bool:
        if asked.node not in rule.nodes or not rule.is_at_work(now_s):
            return False
        asks = self._asks[rule.rule]
        asks[asked] += 1
        return rule.chooses(asked.node, asked.name, asks[asked])

    def count_bite(self, rule: Rule) -> None:
        """Count a query that `rule` really changed."""
        self._bites[rule.rule] += 1

    def bites(self) -> dict[str, int]:
        """How many queries each rule changed, by rule."""
        return dict(self._bites)
