"""The oldest connections are served, the others are not."""

from contextlib import suppress
from pathlib import Path
from typing import Literal

import httpx
import pytest

from harness.seams import ConnectionLimit
from tests.registry_server import error_of, eventually, run, serving


@pytest.mark.parametrize("per", ["node", "all"])
def test_the_oldest_connections_are_served(tmp_path: Path, per: Literal["node", "all"]) -> None:
    """Those above the limit are reset; when an older one goes, the next takes its place."""

    async def main() -> None:
        async with serving(tmp_path) as served:
            name = served.rule(ConnectionLimit(limit=1, per=per))
            async with served.client("n0") as first, served.client("n0") as second:
                assert (await first.get("/v2/")).status_code == 200
                with pytest.raises(httpx.ReadError):
                    await second.get("/v2/")
                assert (await first.get("/v2/")).status_code == 200
                assert served.bites(name) == 1
                async with served.client("n1") as other:
                    if per == "node":
                        assert (await other.get("/v2/")).status_code == 200
                    else:
                        with pytest.raises(httpx.ReadError):
                            await other.get("/v2/")
                await first.aclose()

                async def served_now() -> bool:
                    with suppress(httpx.ReadError):
                        return (await second.get("/v2/")).status_code == 200
                    return False

                await eventually(served_now)

    run(main())


def test_a_connection_too_many_can_be_told_so(tmp_path: Path) -> None:
    """With 503, and closed after it."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            served.rule(ConnectionLimit(limit=0, answer="503"))
            answer = await client.get("/v2/")
            assert error_of(answer) == (503, "UNAVAILABLE")
            assert answer.headers["connection"] == "close"

    run(main())
