"""Handshake rules: orders that are refused, whom they match, and how long they live."""

import asyncio
import time
from typing import Any

import pytest

from harness.gateway.handshakes import (
    HandshakeOrder,
    Handshakes,
    read_handshake_order,
    server_context,
)
from harness.gateway.orders import InvalidOrderError
from tests.registry_server import run
from tests.tls_lab import good

NODES = {1001: "n0", 1002: "n1"}


def order(**settings: Any) -> HandshakeOrder:
    usual: dict[str, Any] = {
        "rule": "f-1.1",
        "fault": "f-1",
        "certificate": "",
        "deadline_s": later(),
    }
    return HandshakeOrder(**(usual | settings))


def later() -> float:
    return time.monotonic() + 60


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"share": 1.5}, "share: "),
        ({"rule": "a,b"}, "rule: "),
        ({"certificate": 7}, "certificate: "),
        ({"deadline_s": "soon"}, "deadline_s: "),
        ({"kinds": []}, "kinds: "),
    ],
)
def test_an_order_that_is_wrong_names_its_field(changed: dict[str, Any], said: str) -> None:
    right = {"rule": "f-1.1", "fault": "f-1", "certificate": "", "deadline_s": 1.0}
    assert read_handshake_order(right).rule == "f-1.1"
    with pytest.raises(InvalidOrderError, match=said):
        read_handshake_order(right | changed)


def test_no_complaint_and_no_repr_holds_a_key() -> None:
    """What is refused may be logged."""
    assert "PRIVATE" not in repr(order(certificate=good()))

    async def main() -> None:
        handshakes = Handshakes(server_context(good()), NODES)
        broken = good().replace("MI", "!!")
        with pytest.raises(InvalidOrderError) as raised:
            handshakes.add(order(certificate=broken))
        assert "PRIVATE" not in str(raised.value)

    run(main())


def test_the_first_rule_that_matches_bites_until_it_is_removed() -> None:
    """Scope by node; the ports that nobody knows are nobody's; names serve once."""

    async def main() -> None:
        handshakes = Handshakes(server_context(good()), NODES)
        handshakes.add(order(rule="a.1", nodes=("n0",)))
        handshakes.add(order(rule="b.1"))
        found = [handshakes.biting(port) for port in (1001, 1002, 9)]
        assert [rule and rule.order.rule for rule in found] == ["a.1", "b.1", "b.1"]
        assert handshakes.remove("a.1") == 0
        after = handshakes.biting(1001)
        assert after is not None
        assert after.order.rule == "b.1"
        with pytest.raises(InvalidOrderError, match="was added before"):
            handshakes.add(order(rule="a.1"))
        with pytest.raises(InvalidOrderError, match="is not known"):
            handshakes.remove("c.1")
        assert handshakes.bites(["a.1", "b.1", "c.1"]) == {"a.1": 0, "b.1": 0}

    run(main())


def test_a_rule_ends_by_itself_at_its_deadline() -> None:
    """A dead harness leaves no fault; who waits for the end hears of it."""

    async def main() -> None:
        handshakes = Handshakes(server_context(good()), NODES)
        handshakes.add(order(deadline_s=time.monotonic() + 0.05))
        rule = handshakes.biting(1001)
        assert rule is not None
        async with asyncio.timeout(10):
            await rule.gone.wait()
        assert handshakes.biting(1001) is None

    run(main())


def test_a_share_is_a_new_question_for_each_connection_of_a_node() -> None:
    """About half of many, the same ones each time, and not the same for each node."""

    async def main() -> None:
        chosen: list[list[bool]] = []
        for port in (1001, 1001, 1002):
            handshakes = Handshakes(server_context(good()), NODES)
            handshakes.add(order(share=0.5, seed=3, step="f-1"))
            chosen.append([handshakes.biting(port) is not None for _ in range(400)])
        assert chosen[0] == chosen[1] != chosen[2]
        assert 140 < sum(chosen[0]) < 260

    run(main())
