"""Rules by themselves: share, numbering, deadline, counts."""

from dataclasses import replace

import pytest

from harness.chance import Chance
from harness.process.control_channel import answer_to
from harness.resolver.answers import NameServer
from harness.resolver.control import orders_of
from harness.resolver.dns_rules import Asked, Rule, Rules, Transport, rule_from_json
from harness.resolver.zone import Zone
from harness.seams import DnsMode

NAME = "registry.harness.test"


def rule(*, share: float = 1.0, deadline_s: float = 100.0, seed: int = 7) -> Rule:
    return Rule(
        rule="dns-1",
        mode=DnsMode.SERVFAIL,
        nodes=frozenset({"n1", "n2"}),
        share=share,
        chance=Chance(seed, "dns"),
        deadline_s=deadline_s,
    )


def asked(node: str = "n1", record_type: str = "A", transport: Transport = "udp") -> Asked:
    return Asked(node=node, name=NAME, record_type=record_type, transport=transport)


def fates(rules: Rules, question: Asked, times: int = 60) -> list[bool]:
    """Which of `times` questions meet a rule."""
    return [bool(rules.choosing(question, 0.0)) for _ in range(times)]


def with_rule(wanted: Rule) -> Rules:
    rules = Rules()
    rules.add(wanted)
    return rules


def test_the_same_seed_chooses_the_same_questions() -> None:
    """A replay bites the same questions, another seed others, and each node has its own."""
    first = fates(with_rule(rule(share=0.5)), asked())
    assert first == fates(with_rule(rule(share=0.5)), asked())
    assert first != fates(with_rule(rule(share=0.5, seed=8)), asked())
    assert first != fates(with_rule(rule(share=0.5)), asked("n2"))
    assert 15 < sum(first) < 45


def test_a_retry_is_a_new_question() -> None:
    """Whichever question it follows, its fate is its own."""
    seen = fates(with_rule(rule(share=0.5)), asked())
    for first in (0, 1):
        pairs = zip(seen[first::2], seen[first + 1 :: 2], strict=False)
        assert {before == after for before, after in pairs} == {True, False}


def test_a_rule_that_comes_again_begins_again() -> None:
    """It numbers from the start, as in a replay."""
    rules = with_rule(rule(share=0.5))
    first = fates(rules, asked())
    rules.remove("dns-1")
    rules.add(rule(share=0.5))
    assert fates(rules, asked()) == first


def test_a_pair_of_a_and_aaaa_shares_its_fate_in_any_order() -> None:
    """A client asks for both at once; whichever arrives first, both are bitten or neither."""
    rules = with_rule(rule(share=0.5))
    both = (asked(record_type="A"), asked(record_type="AAAA"))
    for number in range(40):
        pair = both if number % 3 else both[::-1]
        assert len({bool(rules.choosing(question, 0.0)) for question in pair}) == 1


def test_questions_from_before_the_rule_change_nothing() -> None:
    """Each rule numbers by itself, so that a canary before the fault shifts no draw."""
    fresh = fates(with_rule(rule(share=0.5)), asked())
    rules = Rules()
    fates(rules, asked(), 5)
    rules.add(rule(share=0.5))
    assert fates(rules, asked()) == fresh


def test_a_rule_ends_at_its_deadline_by_itself() -> None:
    """Nobody removes it; its count stays."""
    rules = with_rule(rule(deadline_s=10.0))
    [chosen] = rules.choosing(asked(), 9.999)
    rules.count_bite(chosen)
    assert rules.choosing(asked(), 10.0) == []
    assert rules.choosing(asked(), 9.0) == []
    assert rules.bites() == {"dns-1": 1}


@pytest.mark.parametrize(
    ("now_s", "chosen"),
    [(100.0, True), (101.9, True), (102.0, False), (104.9, False), (105.0, True), (111.0, True)],
)
def test_a_rule_takes_its_turns_from_its_beginning(now_s: float, *, chosen: bool) -> None:
    """Two seconds at work, three out of it, and so on."""
    turning = replace(rule(), deadline_s=1000.0, begins_s=100.0, wrong_s=2.0, right_s=3.0)
    rules = Rules()
    rules.add(turning)
    assert rules.choosing(asked(), now_s) == [turning] * chosen
    assert rule_from_json(turning.to_json()) == turning


def test_a_removed_rule_keeps_its_count_and_can_be_removed_again() -> None:
    """Undo twice is undo once."""
    rules = with_rule(rule())
    rules.count_bite(rules.choosing(asked(), 0.0)[0])
    rules.remove("dns-1")
    rules.remove("dns-1")
    assert rules.choosing(asked(), 0.0) == []
    assert rules.bites() == {"dns-1": 1}


def test_a_rule_crosses_as_json() -> None:
    """What the harness writes, the service reads."""
    assert rule_from_json(rule(share=0.25).to_json()) == rule(share=0.25)


def test_control_does_what_it_can_and_refuses_the_rest_in_words() -> None:
    """Each message has one reply with its id; nonsense ends nothing."""
    server = NameServer(zone=Zone(name=NAME, address="127.0.0.1", others="nxdomain"))
    orders = orders_of(server)
    assert answer_to({"id": 1, "do": "add", "rule": rule().to_json()}, orders) == {"id": 1}
    assert server.rules.choosing(asked(), 0.0)
    assert answer_to({"id": 2, "do": "bites"}, orders) == {"id": 2, "bites": {"dns-1": 0}}
    assert answer_to({"id": 3, "do": "remove", "rule": "dns-1"}, orders) == {"id": 3}
    assert not server.rules.choosing(asked(), 0.0)
    bad = {**rule().to_json(), "mode": "sulk"}
    assert "sulk" in answer_to({"id": 4, "do": "add", "rule": bad}, orders)["error"]
    assert "error" in answer_to({"id": 5, "do": "add"}, orders)
    assert "dance" in answer_to({"id": 6, "do": "dance"}, orders)["error"]
    assert answer_to({"do": []}, orders)["id"] is None
