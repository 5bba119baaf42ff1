"""Which requests a rule matches, over real requests."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from harness.chance import Chance
from harness.gateway.orders import InvalidOrderError, RuleOrder
from harness.gateway.request import GatewayRequest
from harness.gateway.rules import Rule, Rules
from harness.seams import Delay, RequestKind, Respond, Watch
from tests.registry_server import serving

TEAPOT = Respond(status=418)
BLOB = f"sha256:{'b' * 64}"
BLOB_PATH = f"/v2/app/blobs/{BLOB}"
OTHER_PATH = f"/v2/app/blobs/sha256:{'c' * 64}"


@pytest.mark.parametrize(
    ("match", "asked", "node", "bitten"),
    [
        ({}, "GET /v2/", "n0", True),
        ({"kinds": (RequestKind.BLOB,)}, f"GET {BLOB_PATH}", "n0", True),
        ({"kinds": (RequestKind.BLOB,)}, "GET /v2/app/manifests/v1", "n0", False),
        ({"kinds": (RequestKind.TAGS,)}, "GET /v2/app/tags/list", "n0", True),
        ({"kinds": (RequestKind.UPLOAD,)}, "POST /v2/app/blobs/uploads/", "n0", True),
        ({"kinds": (RequestKind.OTHER,)}, "GET /v2/_catalog", "n0", True),
        ({"methods": ("GET", "PUT")}, "GET /v2/", "n0", True),
        ({"methods": ("PUT",)}, "GET /v2/", "n0", False),
        ({"nodes": ("n1",)}, "GET /v2/", "n1", True),
        ({"nodes": ("n1",)}, "GET /v2/", "n0", False),
        ({"repository": "ap*"}, f"GET {BLOB_PATH}", "n0", True),
        ({"repository": "ap"}, f"GET {BLOB_PATH}", "n0", False),
        ({"repository": "team/*"}, "GET /v2/team/a/b/tags/list", "n0", True),
        ({"digests": (BLOB,)}, f"GET {BLOB_PATH}", "n0", True),
        ({"digests": (BLOB,)}, f"GET {OTHER_PATH}", "n0", False),
        ({"layers": (1,)}, f"GET {BLOB_PATH}", "n0", True),
        ({"layers": (0, 2)}, f"GET {BLOB_PATH}", "n0", False),
        ({"layers": (1,)}, f"GET {BLOB_PATH.replace('/app/', '/copy/')}", "n0", False),
        ({"layers": (1,)}, "GET /v2/app/manifests/v1", "n0", False),
        ({"by": "tag"}, "GET /v2/app/manifests/v1", "n0", True),
        ({"by": "tag"}, f"GET /v2/app/manifests/{BLOB}", "n0", False),
        ({"by": "digest"}, "GET /v2/app/manifests/v1", "n0", False),
        ({"by": "digest"}, f"GET {BLOB_PATH}", "n0", True),
        ({"authenticated": True}, "GET /v2/", "n0", False),
        ({"authenticated": False}, "GET /v2/", "n0", True),
    ],
)
def test_match(
    tmp_path: Path, match: dict[str, Any], asked: str, node: str, *, bitten: bool
) -> None:
    """Each part of a match narrows it."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client(node) as client:
            served.rules.add_layers("app", {BLOB: [1]})
            name = served.rule(TEAPOT, **match)
            method, _, path = asked.partition(" ")
            answer = await client.request(method, path)
            assert (answer.status_code == 418) is bitten
            assert (answer.headers.get("harness-bitten-by") == name) is bitten
            assert served.bites(name) == bitten

    asyncio.run(main())


def test_token_requests_belong_to_the_repositories_in_their_scopes(tmp_path: Path) -> None:
    """GET and POST for a repository are matched; the registry still gets the whole form."""
    scope = {"scope": "repository:x:pull repository:app:pull"}

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            other = served.rule(TEAPOT, kinds=(RequestKind.TOKEN,), repository="other")
            form = {"grant_type": "password", "username": "a", "password": "b"} | scope
            assert (await client.get("/token", params=scope)).status_code == 200
            assert (await client.post("/token", data=form)).json()["scope"] == scope["scope"]
            assert served.bites(other) == 0
            served.rule(TEAPOT, kinds=(RequestKind.TOKEN,), repository="app")
            assert (await client.get("/token", params=scope)).status_code == 418
            assert (await client.post("/token", data=form)).status_code == 418

    asyncio.run(main())


def test_share_is_the_same_for_the_same_seed(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Which requests are bitten depends on the seed and on what is asked how often, only."""

    async def bitten(folder: Path, seed: int, order: list[tuple[str, str]]) -> dict[Any, bool]:
        asked: dict[tuple[str, str], int] = {}
        seen = {}
        async with serving(folder) as served:
            served.rule(TEAPOT, share=0.4, seed=seed, step="x-1")
            async with served.client("n0") as n0, served.client("n1") as n1:
                for node, path in order:
                    nth = asked[node, path] = asked.get((node, path), 0) + 1
                    answer = await (n0 if node == "n0" else n1).get(path)
                    seen[node, path, nth] = answer.status_code == 418
        return seen

    async def main() -> None:
        asks = [
            (node, f"/v2/r{number}/tags/list")
            for node in ("n0", "n1")
            for number in range(10)
            for _ in range(3)
        ]
        first = await bitten(tmp_path_factory.mktemp("a"), 7, asks)
        again = await bitten(tmp_path_factory.mktemp("b"), 7, asks[::-1])
        other = await bitten(tmp_path_factory.mktemp("c"), 8, asks)
        assert first == again
        assert first != other
        assert 10 < sum(first.values()) < 40
        assert first == {
            (node, path, nth): Chance(7, "x-1").says(0.4, f"GET {path} {node} {nth}")
            for node, path, nth in first
        }

    asyncio.run(main())


def test_share_of_nodes_is_asked_once_a_node(tmp_path: Path) -> None:
    """All requests of a node are bitten, or none."""

    async def main() -> None:
        nodes = tuple(f"n{number}" for number in range(12))
        async with serving(tmp_path, nodes=nodes) as served:
            served.rule(TEAPOT, share=0.5, per="node", seed=7, step="x-1")
            for node in nodes:
                async with served.client(node) as client:
                    answers = [await client.get(f"/v2/r{it}/tags/list") for it in range(3)]
                chosen = Chance(7, "x-1").says(0.5, node)
                assert [it.status_code == 418 for it in answers] == [chosen] * 3

    asyncio.run(main())


def test_only_the_first_requests_in_scope_are_acted_on(tmp_path: Path) -> None:
    """Two of five; what is out of scope uses none of them up."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            name = served.rule(TEAPOT, kinds=(RequestKind.PING,), first=2)
            paths = ["/v2/", "/v2/app/tags/list", "/v2/", "/v2/", "/v2/"]
            statuses = [(await client.get(path)).status_code == 418 for path in paths]
            assert statuses == [True, False, True, False, False]
            assert served.bites(name) == 2

    asyncio.run(main())


def test_first_rule_that_bites_wins_and_others_go_with_it(tmp_path: Path) -> None:
    """Delays and watches combine with an answer, answers do not with each other."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            delay = served.rule(Delay(first_byte_s=0.01))
            watch = served.rule(Watch())
            first = served.rule(TEAPOT, nodes=("n0",))
            second = served.rule(Respond(status=503))
            answer = await client.get("/v2/")
            assert answer.status_code == 418
            assert answer.headers["harness-bitten-by"] == f"{delay},{first}"
            served.rules.remove(first)
            served.rules.remove(second)
            answer = await client.get("/v2/")
            assert answer.status_code == 200
            assert answer.headers["harness-bitten-by"] == f"{delay},{watch}"
            assert [served.bites(name) for name in (delay, watch, first, second)] == [2, 1, 1, 0]

    asyncio.run(main())


def test_rule_ends_at_its_deadline_by_itself(tmp_path: Path) -> None:
    """Nobody removes it; afterwards it neither bites nor costs, and its bites are known."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            name = served.rule(TEAPOT, deadline_s=time.monotonic() + 0.3)
            assert (await client.get("/v2/")).status_code == 418
            await asyncio.sleep(0.4)
            assert (await client.get("/v2/")).status_code == 200
            assert served.rules.of(RequestKind.PING) == ()
            assert served.bites(name) == 1
            late = served.rule(TEAPOT, deadline_s=time.monotonic() - 1)
            assert (await client.get("/v2/")).status_code == 200
            assert served.rules.remove(late) == 0

    asyncio.run(main())


def test_deadline_counts_before_the_timer_does() -> None:
    """A request that comes when a busy process has not yet ended the rule is not bitten."""

    async def main() -> None:
        order = RuleOrder(
            rule="a", fault="a", act=TEAPOT, kinds=(RequestKind.PING,), deadline_s=10.0
        )
        rule = Rule(order, {})
        request = GatewayRequest({"method": "GET", "path": "/v2/", "headers": []}, "n0")
        assert rule.matches(request, 9.9)
        assert not rule.matches(request, 10.0)
        rule.gone.set()
        assert not rule.matches(request, 9.9)

    asyncio.run(main())


def test_names_are_used_once() -> None:
    """A second rule of one name, and the removal of an unknown one, are refused."""

    async def main() -> None:
        rules = Rules()
        order = RuleOrder(
            rule="a", fault="a", act=TEAPOT, kinds=(RequestKind.PING,), deadline_s=1e9
        )
        rules.add(order)
        with pytest.raises(InvalidOrderError, match="a was added before"):
            rules.add(order)
        with pytest.raises(InvalidOrderError, match="b is not known"):
            rules.remove("b")
        assert rules.remove("a") == 0
        assert rules.bites(["a", "b"]) == {"a": 0}

    asyncio.run(main())
