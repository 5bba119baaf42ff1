"""Whole pulls by the node's own rules, in real time, against servers that misbehave."""

import itertools
import json
import time
from collections.abc import Callable, Generator
from typing import Any

import gevent
import pytest
from gevent.lock import BoundedSemaphore

from harness.load.node_client import NodeWire
from harness.load.pull_parts import Carried
from harness.load.pull_steps import carry_out
from harness.node.commands import AttemptFailed, Command, Pause, PauseReason, Rule, Together
from harness.node.containerd import pull
from harness.node.image_store import ContentStore
from harness.node.settings import NodeSettings
from harness.oci.digest import digest_of
from harness.oci.media_types import OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST
from harness.recording.outcome import Cause, Outcome
from harness.recording.samples import PULL_PARTS
from tests.load_wires import request, wired
from tests.scripted_server import FIN, HANG, RST, Ask, ScriptedServer, Steps, ok, scripted

IMAGE = "registry.harness.test/app:v1"
LAYERS = [bytes([65 + number]) * 300_000 for number in range(4)]
Spoil = Callable[[Ask, int, bytes], Steps | None]


def described(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


CONFIG = b'{"architecture":"amd64","os":"linux"}'
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": described(OCI_CONFIG, CONFIG),
        "layers": [described(OCI_LAYER_GZIP, layer) for layer in LAYERS],
    }
).encode()
CONTENT = {digest_of(content): content for content in (CONFIG, MANIFEST, *LAYERS)}


def right(ask: Ask) -> tuple[bytes, bytes]:
    """Head and body that a registry without faults sends."""
    content = CONTENT.get(ask.path.partition("?")[0].rpartition("/")[2], MANIFEST)
    start = int(ask.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
    span = f"Content-Range: bytes {start}-{len(content) - 1}/{len(content)}"
    headers = [f"Docker-Content-Digest: {digest_of(content)}", f"Content-Type: {OCI_MANIFEST}"]
    body = content[start:]
    status = "206 Partial Content" if start else "200 OK"
    head = ok(b"", *headers, *([span] if start else []), status=status)
    return head.replace(b"Content-Length: 0", f"Content-Length: {len(body)}".encode()), body


def registry(spoil: Spoil = lambda *_: None) -> Callable[[Ask, int], Steps]:
    """`spoil(ask, times this path was asked before, body)` may give other steps."""
    counts: dict[str, itertools.count[int]] = {}

    def answer(ask: Ask, _: int) -> Steps:
        head, body = right(ask)
        if ask.method == "HEAD":
            return [head]
        before = next(counts.setdefault(ask.path, itertools.count()))
        return spoil(ask, before, body) or [head, body]

    return answer


def is_layer(ask: Ask, number: int) -> bool:
    return digest_of(LAYERS[number]) in ask.path


def rules(server: ScriptedServer, content: ContentStore | None = None, **settings: Any) -> Rule:
    return pull(
        IMAGE,
        registry_url=server.url,
        credentials=None,
        content=content if content is not None else ContentStore(),
        settings=NodeSettings(**settings),
    )


def pulled(spoil: Spoil = lambda *_: None, **settings: Any) -> tuple[Carried, ScriptedServer]:
    with scripted(registry(spoil)) as server, wired() as wire:
        began_s = time.monotonic()
        carried = carry_out(rules(server, **settings), wire, pull="p1", slots=BoundedSemaphore(3))
        took_s = time.monotonic() - began_s
        assert sum(carried.parts.values()) == pytest.approx(took_s, abs=0.05)
        assert min(carried.parts.values()) >= 0
        assert server.all_closed()
        assert len(wire.rows()) == carried.requests
    return carried, server


def test_idle_connections_outlive_their_pull() -> None:
    """As containerd's transports do, two at most of each: a limit on connections counts them."""
    with scripted(registry()) as server, wired(idle_s=0.5) as wire:
        carry_out(rules(server), wire, pull="p1", slots=BoundedSemaphore(3))
        assert 0 < server.open <= 4
        while server.open:  # `wired` has a limit
            gevent.sleep(0.02)


def test_a_pull_is_right_to_the_last_byte() -> None:
    """Seven requests; resolver and three layers at a time need four connections."""
    carried, server = pulled()
    assert carried.result.outcome is Outcome.OK, carried.result
    assert carried.result.blob_bytes == sum(map(len, LAYERS)) + len(CONFIG)
    assert carried.requests == len(server.asks) == 7
    assert server.accepted <= 4
    assert tuple(carried.parts) == PULL_PARTS


def test_a_cut_layer_is_resumed_where_it_stopped() -> None:
    """By Range, as often as it takes, and its digest is right in the end."""

    def spoil(ask: Ask, before: int, body: bytes) -> Steps | None:
        head, _ = right(ask)
        return [head, body[:100_000], FIN] if is_layer(ask, 1) and before < 2 else None

    carried, server = pulled(spoil)
    assert carried.result.outcome is Outcome.OK, carried.result
    asked = [ask.headers.get("range", "") for ask in server.asks if is_layer(ask, 1)]
    assert asked == ["", "bytes=100000-", "bytes=200000-"]


def test_a_reset_layer_fails_the_pull_and_ends_the_others() -> None:
    """The others hang, and are not waited for."""

    def spoil(ask: Ask, before: int, body: bytes) -> Steps | None:
        head, _ = right(ask)
        if is_layer(ask, 1):
            return [head, body[:1000], RST]
        return [head, HANG] if is_layer(ask, 0) or is_layer(ask, 2) else None

    carried, server = pulled(spoil)
    assert carried.result.cause is Cause.TCP
    assert "read: connection reset by peer" in carried.result.error_text
    assert not any(is_layer(ask, 3) for ask in server.asks)


def test_a_flipped_byte_is_found() -> None:
    """Every byte is hashed."""

    def spoil(ask: Ask, before: int, body: bytes) -> Steps | None:
        head, _ = right(ask)
        return [head, body[:-1] + b"!"] if is_layer(ask, 2) else None

    carried, _ = pulled(spoil)
    assert carried.result.cause is Cause.DIGEST
    assert "unexpected commit digest" in carried.result.error_text


def test_a_stalled_pull_is_cancelled() -> None:
    """All layers stand still: the progress timeout ends it."""

    def spoil(ask: Ask, before: int, body: bytes) -> Steps | None:
        head, _ = right(ask)
        return [head, body[:1000], HANG] if "blobs" in ask.path and len(body) > 1000 else None

    carried, _ = pulled(spoil, image_pull_progress_timeout_s=1.0)
    assert carried.result.cause is Cause.TIMEOUT
    assert "context canceled" in carried.result.error_text


def test_time_belongs_to_its_part() -> None:
    """Unpacking is a pause; a slow layer is download; a slow manifest is manifest."""

    def spoil(ask: Ask, before: int, body: bytes) -> Steps | None:
        if is_layer(ask, 0):
            time.sleep(0.6)
        elif ask.path.partition("?")[0].endswith(digest_of(MANIFEST)):
            time.sleep(0.3)
        return None

    carried, _ = pulled(spoil, unpack_bytes_per_s=sum(map(len, LAYERS)) / 0.4)
    parts = carried.parts
    assert parts["unpack_s"] >= 0.4
    assert parts["download_s"] >= 0.6
    assert 0.3 <= parts["manifest_s"] < 0.6
    assert parts["auth_s"] == 0
    assert parts["resolve_s"] > 0


def test_slots_are_the_nodes() -> None:
    """Two pulls share one slot: never two layers at a time."""
    now, most = itertools.count(), [0]
    active: set[int] = set()

    def spoil(ask: Ask, before: int, body: bytes) -> Steps | None:
        if len(body) == len(LAYERS[0]):
            number = next(now)
            active.add(number)
            most[0] = max(most[0], len(active))
            time.sleep(0.05)
            active.discard(number)
        return None

    slots = BoundedSemaphore(1)
    with scripted(registry(spoil)) as server, wired() as wire:
        pulls = [
            gevent.spawn(carry_out, rules(server), wire, pull=name, slots=slots)
            for name in ("p1", "p2")
        ]
        assert {one.get().result.outcome for one in pulls} == {Outcome.OK}
    assert most == [1]
    assert slots.counter == 1


def test_a_killed_pull_leaves_nothing() -> None:
    """No connection, no greenlet, no slot, no lock and no lease."""
    content, slots = ContentStore(), BoundedSemaphore(3)

    def spoil(ask: Ask, before: int, body: bytes) -> Steps | None:
        return [right(ask)[0], body[:1000], HANG] if len(body) == len(LAYERS[0]) else None

    with scripted(registry(spoil)) as server, wired() as wire:
        rule = rules(server, content)
        pulling = gevent.spawn(carry_out, rule, wire, pull="p1", slots=slots)
        while sum(len(ask.path) > 60 for ask in server.asks) < 5:
            gevent.sleep(0.02)
        pulling.kill()
        assert server.all_closed()
        assert not wire._held
        assert len(content) == 0
        assert slots.counter == 3
        assert content.lock(digest_of(LAYERS[0]))
        unfinished = [row for row in wire.rows() if row["outcome"] == "unfinished"]
        assert len(unfinished) == 3


def part(
    log: list[str], name: str, *, wait_s: float, fails: bool = False
) -> Generator[Command, Any, str]:
    try:
        log.append(f"{name} begins")
        yield Pause(seconds=wait_s, why=PauseReason.RETRY)
        if fails:
            raise AttemptFailed(f"{name} failed")
        return name
    finally:
        log.append(f"{name} ends")


def carried_parts(*parts: Rule, slots: int = 3) -> Any:
    def whole() -> Generator[Command, Any, Any]:
        try:
            return (yield Together(parts=parts, limit=slots))
        except AttemptFailed as failure:
            return failure.text

    with wired() as wire:
        return carry_out(whole(), wire, pull="p1", slots=BoundedSemaphore(slots)).result


def test_results_come_in_the_order_of_the_parts() -> None:
    """Whichever ended first."""
    log: list[str] = []
    parts = [part(log, name, wait_s=wait_s) for name, wait_s in (("a", 0.1), ("b", 0), ("c", 0.05))]
    assert carried_parts(*parts) == ["a", "b", "c"]
    assert carried_parts() == []


def test_the_first_failure_closes_the_others() -> None:
    """Those that wait for a slot never begin."""
    log: list[str] = []
    result = carried_parts(
        part(log, "a", wait_s=60),
        part(log, "b", wait_s=0.05, fails=True),
        part(log, "c", wait_s=60),
        slots=2,
    )
    assert result == "b failed"
    assert log == ["a begins", "b begins", "b ends", "a ends"]


def test_an_error_of_ours_is_raised_and_ends_all_parts() -> None:
    """It is not taken for a failed attempt."""
    log: list[str] = []

    def broken() -> Generator[Command, Any, None]:
        yield Pause(seconds=0.01)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        carried_parts(part(log, "a", wait_s=60), broken())
    assert log == ["a begins", "a ends"]


def test_look_ups_count_as_resolving(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever request needed the connection."""
    real = NodeWire._look_up

    def slow(*arguments: Any) -> Any:
        gevent.sleep(0.2)
        real(*arguments)
        return ("127.0.0.1",)

    monkeypatch.setattr(NodeWire, "_look_up", slow)

    def whole(url: str) -> Generator[Command, Any, Any]:
        yield request(url, client="resolver")
        yield request(url, client="fetcher")

    with scripted([[ok(b"x")]]) as server, wired(link_port=server.port) as wire:
        parts = carry_out(
            whole(wire.registry_url), wire, pull="p1", slots=BoundedSemaphore(3)
        ).parts
    assert parts["resolve_s"] >= 0.4
    assert 0 <= parts["manifest_s"] < 0.2
