"""A late first byte."""

import asyncio
import time
from pathlib import Path

from harness.seams import Delay
from tests.registry_server import eventually, run, serving


def test_delay_holds_the_first_byte_and_heals(tmp_path: Path) -> None:
    """An answer is late by the delay; those still held when the rule goes are let go."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            short = served.rule(Delay(first_byte_s=0.3), nodes=("n0",))
            began_s = time.monotonic()
            assert (await client.get("/v2/")).status_code == 200
            assert time.monotonic() - began_s >= 0.3
            served.rules.remove(short)
            long = served.rule(Delay(first_byte_s=3600))
            asking = asyncio.ensure_future(client.get("/v2/"))

            async def is_held() -> bool:
                return served.bites(long) == 1

            await eventually(is_held)
            served.rules.remove(long)
            answer = await asyncio.wait_for(asking, 5)
            assert answer.headers["harness-bitten-by"] == long

    run(main())
