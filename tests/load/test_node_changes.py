"""Changes of nodes: which one holds, for whom, until when, and what it makes of a pull."""

import time
from dataclasses import asdict
from typing import Any

from harness.load.node_changes import NodeChange, NodeChanges, Part, PullChanges, change_from
from harness.node.commands import Credentials
from harness.recording.outcome import Cause
from tests.load_wires import request, wired

OWN = Credentials(username="robot", password="secret")


def change(name: str, part: Part = "disk", *, for_s: float = 60, **settings: Any) -> NodeChange:
    return NodeChange(
        name=name,
        fault=f"fault of {name}",
        part=part,
        nodes=("n0", "n1"),
        deadline_s=time.monotonic() + for_s,
        settings=settings,
    )


def test_the_later_of_two_holds_until_it_ends() -> None:
    """Then the earlier one again, and then none."""
    changes, first, second = NodeChanges(), change("a"), change("b")
    changes.begin(first)
    changes.begin(second)
    assert changes.of("n0", "disk") is second
    changes.end("b")
    assert changes.of("n0", "disk") is first
    changes.end("a")
    changes.end("a")
    assert changes.of("n0", "disk") is None


def test_it_holds_for_its_nodes_and_its_part() -> None:
    """And for no other."""
    changes = NodeChanges()
    changes.begin(change("a"))
    assert changes.of("n1", "disk") is not None
    assert changes.of("n2", "disk") is None
    assert changes.of("n1", "hosts") is None


def test_it_is_over_at_its_deadline() -> None:
    """Also before anybody has ended it."""
    changes = NodeChanges()
    changes.begin(change("a", for_s=-1))
    assert changes.of("n0", "disk") is None


def test_a_node_hears_what_is_on_begins_and_ends() -> None:
    """A node that is there late hears of what began before."""
    changes, heard = NodeChanges(), list[tuple[str, bool]]()
    changes.begin(change("a"))
    changes.listen("n0", lambda it: heard.append((it.name, changes.is_on(it))))
    changes.begin(change("b"))
    changes.end("a")
    assert heard == [("a", True), ("b", True), ("a", False)]


def test_a_pull_counts_what_it_met() -> None:
    """A request that went astray, and a pull that was refused; a bite outlives its change."""
    changes = NodeChanges()
    changes.begin(change("h", "hosts", mistake="wrong_port"))
    changes.begin(change("c", "credentials", state="wrong"))
    pull = PullChanges(changes, "n0")
    with wired(link_port=5000) as wire:
        hosts = pull.hosts_of(wire)
        assert hosts.server == "http://registry.harness.test:1"
        changes.end("h")
        wire.perform(request(f"{hosts.server}/v2/"), pull="p1")
        wire.perform(request("http://127.0.0.1:1/v2/"), pull="p1")
        assert [row["bitten_by"] for row in wire.rows() if row["kind"] == "blob"] == [
            "fault of h",
            "",
        ]
    wrong = pull.credentials(OWN)
    assert wrong is not None
    assert (wrong.username, wrong.password == OWN.password) == ("robot", False)
    pull.over(Cause.AUTH)
    pull.over(Cause.TCP)
    assert changes.bites == {"h": 1, "c": 1}


def test_a_missing_secret_is_an_anonymous_pull() -> None:
    """And a registry without authentication has nothing to miss."""
    changes = NodeChanges()
    changes.begin(change("c", "credentials", state="missing"))
    assert PullChanges(changes, "n0").credentials(OWN) is None
    assert PullChanges(changes, "n2").credentials(OWN) is OWN
    assert PullChanges(changes, "n0").credentials(None) is None


def test_a_change_crosses_as_plain_data() -> None:
    """And comes back the same."""
    order = change("a", "pull_qps", qps=1, burst=2)
    assert change_from({**asdict(order), "nodes": list(order.nodes)}) == order
