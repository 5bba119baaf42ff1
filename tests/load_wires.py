"""Wires of nodes for tests, with their samples in memory."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent

from harness.load.node_client import NodeWire
from harness.load.orders import LoadTarget, NodeEndpoint
from harness.load.samples_file import SampleWriter
from harness.node.commands import Request
from harness.recording.samples import REQUESTS
from harness.seams import RequestKind

NAME = "registry.harness.test"


class Wire(NodeWire):
    """A wire whose rows can be read."""

    writer: SampleWriter

    def rows(self) -> list[dict[str, Any]]:
        """The rows of `requests` so far."""
        rows = self.writer._rows["requests"]
        return [dict(zip(REQUESTS, row, strict=True)) for row in rows]


@contextlib.contextmanager
def wired(
    *, link_port: int = 1, resolver_port: int = 1, ca_pem: str = "", idle_s: float = 0.0
) -> Iterator[Wire]:
    """A wire for a test of at most 30 s, which leaves no greenlet behind."""
    endpoint = NodeEndpoint(link_port=link_port, resolver_port=resolver_port)
    target = LoadTarget(
        registry_name=NAME,
        scheme="http",
        resolver_address="127.0.0.1",
        endpoints={"n0": endpoint},
        username="robot",
        password="secret",
        clock_start_s=time.monotonic(),
        samples_folder="",
        ca_pem=ca_pem,
    )
    writer = SampleWriter(Path("nowhere"), "test")
    wire = Wire(node="n0", target=target, endpoint=endpoint, samples=writer, idle_s=idle_s)
    wire.writer = writer
    spawned: list[gevent.Greenlet] = []
    gevent.Greenlet.add_spawn_callback(spawned.append)
    try:
        with gevent.Timeout(30):
            yield wire
    finally:
        gevent.Greenlet.remove_spawn_callback(spawned.append)
        wire.close()
    assert [it for it in spawned if not it.dead] == []


def request(url: str, method: str = "GET", **settings: Any) -> Request:
    usual: dict[str, Any] = {"kind": RequestKind.BLOB, "client": "fetcher"}
    return Request(method=method, url=url, **(usual | settings))
