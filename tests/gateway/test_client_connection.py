"""Connections that are ended early, seen on a raw socket."""

import socket
from contextlib import suppress
from pathlib import Path
from typing import Literal

import httpx
import pytest

from harness.seams import ConnectionLimit, Truncate
from tests.registry_server import error_of, eventually, read_raw, run, serving

CONTENT = bytes(number * 13 % 251 for number in range(257)) * 12_000  # 3 MB: several chunks


@pytest.mark.parametrize("ending", ["fin", "rst"])
@pytest.mark.parametrize("keep_share", [0, 0.5, 0.9])
def test_truncate(tmp_path: Path, ending: Literal["fin", "rst"], keep_share: float) -> None:
    """Right length, too few bytes, and the ending that was asked for; all sent bytes arrive."""

    async def main() -> None:
        async with serving(tmp_path) as served:
            path = f"/v2/app/blobs/{served.put_blob(CONTENT)}"
            act = Truncate(keep_share=keep_share, ending=ending)
            name = served.rule(act)
            head, body, seen = await read_raw(served.ports["n0"], path)
            assert b"content-length: %d" % len(CONTENT) in head
            assert f"harness-bitten-by: {name}".encode() in head
            assert seen == ending
            assert body == CONTENT[: int(keep_share * len(CONTENT))]
            assert served.bites(name) == 1

    run(main())


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


def test_reset_does_not_wait_for_a_peer_that_reads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be delivered is given up after a while, and the connection ends all the same."""
    monkeypatch.setattr("harness.gateway.client_connection._DELIVERY_PATIENCE_S", 0.2)

    async def main() -> None:
        async with serving(tmp_path) as served:
            path = f"/v2/app/blobs/{served.put_blob(CONTENT)}"
            served.rule(Truncate(keep_share=0.3, ending="rst"))
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.connect(("127.0.0.1", served.ports["n0"]))
                client.sendall(f"GET {path} HTTP/1.1\r\nHost: r\r\n\r\n".encode())

                async def is_over() -> bool:
                    served.log.flush()
                    return '"ended": "cut"' in (tmp_path / "access.jsonl").read_text()

                await eventually(is_over)
                client.settimeout(5)
                with pytest.raises(ConnectionResetError):
                    read_to_the_end(client)

    run(main())


def read_to_the_end(client: socket.socket) -> None:
    while client.recv(1 << 16):
        pass
