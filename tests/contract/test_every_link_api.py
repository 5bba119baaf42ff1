"""The control API, embedded and Toxiproxy's own: one table of requests and answers for both."""

import asyncio
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.environment.link import LinkKind
from tests.link_lab import KINDS, free_port, open_lab
from tests.registry_server import NOBODY

pytestmark = pytest.mark.parametrize("kind", KINDS)

STREAM_RULE = "stream was invalid, can be either upstream or downstream"
LATENCY = {
    "attributes": {"latency": 5, "jitter": 0},
    "name": "slow",
    "type": "latency",
    "stream": "downstream",
    "toxicity": 1,
}


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A request, and what must come back: a status, an error's words, text or a part of JSON."""

    method: str
    path: str
    body: Any = None
    status: int
    error: str | None = None
    answer: Any = None
    text: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def ok(method: str, path: str, status: int, body: Any = None, answer: Any = None) -> Ask:
    return Ask(method=method, path=path, status=status, body=body, answer=answer)


def bad(method: str, path: str, status: int, error: str, body: Any = None) -> Ask:
    return Ask(method=method, path=path, status=status, body=body, error=error)


ON = "/proxies/node-0/toxics"
CASES = [
    [ok("GET", "/version", 200)],
    [ok("GET", "/proxies/node-0", 200, answer={"name": "node-0", "enabled": True, "toxics": []})],
    [bad("GET", "/proxies/none", 404, "proxy not found")],
    [bad("DELETE", "/proxies/none", 404, "proxy not found")],
    [bad("POST", "/proxies/none", 404, "proxy not found", {})],
    [bad("GET", "/proxies/none/toxics", 404, "proxy not found")],
    [bad("POST", "/proxies", 400, "bad request body", "no json")],
    [bad("POST", "/proxies", 400, "bad request body", "")],
    [bad("POST", "/proxies", 400, "bad request body", {"name": 5})],
    [bad("POST", "/proxies", 400, "missing required field: name", {"upstream": "a:1"})],
    [bad("POST", "/proxies", 400, "missing required field: upstream", {"name": "new"})],
    [bad("POST", "/proxies", 409, "proxy already exists", {"name": "node-0", "upstream": "a:1"})],
    [
        ok("POST", "/proxies", 201, {"name": "new", "listen": "127.0.0.1:0", "upstream": "a:1"}),
        ok("PATCH", "/proxies/new", 200, {"enabled": False}, {"enabled": False}),
        ok("PATCH", "/proxies/new", 200, {"enabled": False}, {"enabled": False}),
        ok("POST", "/proxies/new", 200, {"enabled": True}, {"enabled": True}),
        ok("POST", "/proxies/new", 200, {"upstream": "b:2"}, {"upstream": "b:2", "enabled": True}),
        ok("DELETE", "/proxies/new", 204),
        bad("GET", "/proxies/new", 404, "proxy not found"),
    ],
    [
        ok("POST", "/proxies", 201, {"name": "off", "upstream": "a:1", "enabled": False}),
        ok("POST", "/reset", 204),
        ok("GET", "/proxies/off", 200, answer={"enabled": True}),
        ok("DELETE", "/proxies/off", 204),
    ],
    [
        ok("POST", "/populate", 201, [], {"proxies": None}),
        bad("POST", "/populate", 400, "missing required field: name at proxy 1", [{}]),
        bad(
            "POST",
            "/populate",
            400,
            "missing required field: upstream at proxy 2",
            [{"name": "a", "upstream": "a:1"}, {"name": "b"}],
        ),
        bad("POST", "/populate", 400, "bad request body", {}),
    ],
    [
        ok("POST", ON, 200, {"type": "latency", "attributes": {"latency": 5}, "name": "slow"}),
        ok("GET", ON, 200, answer=[LATENCY]),
        ok("GET", f"{ON}/slow", 200, answer=LATENCY),
        bad("POST", ON, 409, "toxic already exists", {"type": "latency", "name": "slow"}),
        ok("PATCH", f"{ON}/slow", 200, {"attributes": {"jitter": 2}}),
        ok(
            "GET",
            f"{ON}/slow",
            200,
            answer={**LATENCY, "attributes": {"latency": 5, "jitter": 2}},
        ),
        ok("POST", f"{ON}/slow", 200, {"toxicity": 0.5, "name": "other", "stream": "upstream"}),
        ok("GET", f"{ON}/slow", 200, answer={"toxicity": 0.5, "stream": "downstream"}),
        bad("PATCH", f"{ON}/slow", 400, "bad request body", {"attributes": {"latency": "5ms"}}),
        ok("DELETE", f"{ON}/slow", 204),
        bad("DELETE", f"{ON}/slow", 404, "toxic not found"),
        bad("PATCH", f"{ON}/slow", 404, "toxic not found", {}),
        bad("GET", f"{ON}/slow", 404, "toxic not found"),
    ],
    [
        ok("POST", ON, 200, {"type": "slicer"}, {"name": "slicer_downstream"}),
        ok("POST", ON, 200, {"type": "slow_close", "stream": "upstream"}),
        ok("GET", f"{ON}/slow_close_upstream", 200, answer={"attributes": {"delay": 0}}),
        ok("GET", ON, 200, answer=[{"type": "slow_close"}, {"type": "slicer"}]),
        ok("POST", "/reset", 204),
        ok("GET", ON, 200, answer=[]),
    ],
    [bad("POST", ON, 400, "invalid toxic type", {"type": "nonsense"})],
    [bad("POST", ON, 400, "invalid toxic type", {})],
    [bad("POST", ON, 400, STREAM_RULE, {"type": "latency", "stream": "sideways"})],
    [bad("POST", ON, 400, "bad request body", {"type": "latency", "attributes": {"latency": 1.5}})],
    [bad("POST", ON, 400, "bad request body", {"type": "latency", "attributes": {"jitter": True}})],
    [bad("POST", ON, 400, "bad request body", {"type": "latency", "toxicity": "all"})],
    [ok("POST", "/version", 405)],
    [Ask(method="GET", path="/nowhere", status=404, text="404 page not found\n")],
    [
        Ask(
            method="GET",
            path="/proxies",
            status=403,
            text="User agent not allowed\n",
            headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"},
        )
    ],
]


@contextmanager
def client(url: str, token: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(
        base_url=url, headers=headers, trust_env=False, timeout=20, verify=NOBODY
    ) as made:
        yield made


def put(asked: Ask, api: httpx.Client) -> httpx.Response:
    text = asked.body if isinstance(asked.body, str | None) else json.dumps(asked.body)
    return api.request(asked.method, asked.path, content=text, headers=asked.headers)


def within(expected: Any, found: Any) -> bool:
    """Whether `found` holds `expected`: dictionaries may hold more keys."""
    if isinstance(expected, dict):
        return all(key in found and within(value, found[key]) for key, value in expected.items())
    if isinstance(expected, list):
        return len(expected) == len(found) and all(map(within, expected, found))
    return bool(expected == found)


def check(asked: Ask, api: httpx.Client) -> None:
    response = put(asked, api)
    assert response.status_code == asked.status, (asked, response.text)
    if asked.error is not None:
        assert response.json()["status"] == asked.status
        assert response.json()["error"].startswith(asked.error)
        wanted = "application/json" if asked.path == "/populate" else "text/plain"
        assert response.headers["content-type"].startswith(wanted)
    if asked.answer is not None:
        assert within(asked.answer, response.json()), (asked, response.text)
        assert response.headers["content-type"].startswith("application/json")
    if asked.text is not None:
        assert response.text == asked.text
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
    if asked.status == 204:
        assert response.content == b""


def test_every_request_is_answered_as_toxiproxy_does(kind: LinkKind, tmp_path: Path) -> None:
    """Status, error text and content type are the same whoever answers."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:

            def ask_all() -> None:
                with client(lab.service.control_url, lab.service.control_token) as api:
                    for asked in itertools.chain(*CASES):
                        check(asked, api)

            await asyncio.to_thread(ask_all)

    asyncio.run(main())


def test_every_answer_has_an_id_of_its_own(kind: LinkKind, tmp_path: Path) -> None:
    """By which a request is found in the server's log, whatever came of it."""
    asked = [
        ok("GET", "/version", 200),
        ok("POST", "/reset", 204),
        bad("GET", "/proxies/none", 404, "proxy not found"),
        bad("POST", "/proxies", 400, "bad request body", "no json"),
        Ask(method="GET", path="/proxies", status=403, headers={"User-Agent": "Mozilla/5.0"}),
    ]

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:

            def ask_all() -> list[str]:
                with client(lab.service.control_url, lab.service.control_token) as api:
                    return [put(one, api).headers["X-Toxiproxy-Request-Id"] for one in asked]

            ids = await asyncio.to_thread(ask_all)
            assert len(set(ids)) == len(asked)
            assert {len(one) for one in ids} == {20}

    asyncio.run(main())


def test_populate_leaves_what_is_as_asked_and_replaces_the_rest(
    kind: LinkKind, tmp_path: Path
) -> None:
    """A proxy that matches keeps its toxics and its port; one that differs is made anew."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            before = (await lab.proxies())["node-0"]
            spare = free_port()

            def ask_all() -> None:
                with client(lab.service.control_url, lab.service.control_token) as api:
                    check(ok("POST", ON, 200, {"type": "latency", "name": "slow"}), api)
                    same = {"name": "node-0", "listen": before["listen"]}
                    other = {"name": "extra", "listen": f"localhost:{spare}", "upstream": "a:1"}
                    body = [{**same, "upstream": before["upstream"]}, other]
                    made = [{"toxics": [{"name": "slow"}]}, {"listen": f"127.0.0.1:{spare}"}]
                    check(ok("POST", "/populate", 201, body, {"proxies": made}), api)
                    check(ok("DELETE", f"{ON}/slow", 204), api)
                    moved = [{**other, "upstream": "b:2"}]
                    made = [{"listen": f"127.0.0.1:{spare}", "upstream": "b:2"}]
                    check(ok("POST", "/populate", 201, moved, {"proxies": made}), api)
                    check(ok("DELETE", "/proxies/extra", 204), api)

            await asyncio.to_thread(ask_all)

    asyncio.run(main())


def test_a_taken_port_is_answered_500(kind: LinkKind, tmp_path: Path) -> None:
    """Nothing is made where nobody can listen; the error names the address, not the name."""

    async def main() -> None:
        async with open_lab(kind, tmp_path) as lab:
            port = lab.service.ports["node-1"]
            taken = f"127.0.0.1:{port}: bind: address already in use"

            def ask_all() -> None:
                new = {"name": "new", "listen": f"localhost:{port}", "upstream": "a:1"}
                first = {"name": "first", "listen": "127.0.0.1:0", "upstream": "a:1"}
                with client(lab.service.control_url, lab.service.control_token) as api:
                    check(bad("POST", "/proxies", 500, f"listen tcp {taken}", new), api)
                    check(bad("GET", "/proxies/new", 404, "proxy not found"), api)
                    answer = {"proxies": [{"name": "first"}]}
                    check(ok("POST", "/populate", 500, [first, new], answer), api)
                    check(ok("DELETE", "/proxies/first", 204), api)

            await asyncio.to_thread(ask_all)

    asyncio.run(main())
