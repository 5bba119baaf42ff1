"""Requests without an answer: not while the rule lives, and not when it goes."""

import asyncio
from pathlib import Path

import httpx
import pytest

from harness.seams import Hang, RequestKind
from tests.registry_server import eventually, run, serving

PING = (RequestKind.PING,)


def test_who_waits_until_the_end_is_cut_off(tmp_path: Path) -> None:
    """And the next request is answered."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            name = served.rule(Hang(), kinds=PING)
            waiting = asyncio.ensure_future(client.get("/v2/", timeout=30))

            async def is_held() -> bool:
                return served.bites(name) == 1

            await eventually(is_held)
            assert not waiting.done()
            served.rules.remove(name)
            with pytest.raises(httpx.TransportError):
                await waiting
            assert (await client.get("/v2/")).status_code == 200

    run(main())
