"""The gateway in front of any application."""

import asyncio
import json
from pathlib import Path
from typing import Any

from starlette.types import Receive, Scope, Send

from harness.gateway.access_log import AccessLog
from harness.gateway.app import Gateway
from harness.gateway.rules import Rules
from harness.registry.request import Call
from tests.registry_server import serving


def test_other_protocols_pass(tmp_path: Path) -> None:
    """What is not HTTP is none of the gateway's business."""
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    async def nothing(*_: Any) -> Any:
        raise AssertionError

    log = AccessLog(tmp_path / "access.jsonl", 0.0)
    gateway = Gateway(app, nodes={}, rules=Rules(), log=log)
    asyncio.run(gateway({"type": "lifespan"}, nothing, nothing))
    log.close()
    assert seen == [{"type": "lifespan"}]
    assert (tmp_path / "access.jsonl").read_text() == ""


def test_failing_application_is_recorded(tmp_path: Path) -> None:
    """A bug behind the gateway is one lost answer, recorded, and not the end of the service."""

    async def broken(_: Call) -> None:
        raise ZeroDivisionError

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            served.registry._handlers["ping", "GET"] = broken
            assert (await client.get("/v2/")).status_code == 500
            assert (await client.get("/token")).status_code == 200

    asyncio.run(main())
    records = (tmp_path / "access.jsonl").read_text().splitlines()
    assert [json.loads(record)["status"] for record in records] == [500, 200]
    assert [json.loads(record)["ended"] for record in records] == ["error", "ok"]
