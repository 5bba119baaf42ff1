"""Content that is slowed down on its way out."""

import asyncio
import time
from pathlib import Path

from harness.seams import EgressQuota, RequestKind
from tests.registry_server import eventually, run, serving

CONTENT = bytes(number * 7 % 253 for number in range(253)) * 400  # 101,200 B
BLOBS = (RequestKind.BLOB,)


def test_a_spent_quota_can_slow_down_instead(tmp_path: Path) -> None:
    """Also the body that spends it, from there on; a heal lets the rest go at once."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            act = EgressQuota(limit_bytes=1200, window_s=60, bytes_per_s=200_000)
            path = f"/v2/app/blobs/{served.put_blob(CONTENT)}"
            name = served.rule(act, kinds=BLOBS, methods=("GET",))
            begun = time.monotonic()
            assert (await client.get(path)).content == CONTENT
            assert time.monotonic() - begun >= 0.4
            assert served.bites(name) == 1  # of the request, not of each piece
            crawling = EgressQuota(limit_bytes=0, window_s=60, bytes_per_s=1000)
            slow = served.rule(crawling, kinds=BLOBS, methods=("GET",))
            under_way = asyncio.ensure_future(client.get(path))

            async def is_slow() -> bool:
                return served.bites(slow) > 0

            await eventually(is_slow)
            served.rules.remove(slow)
            served.rules.remove(name)
            assert (await under_way).content == CONTENT

    run(main())
