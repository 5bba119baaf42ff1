"""Connections that are ended early, seen on a raw socket."""

import socket
from pathlib import Path
from typing import Literal

import pytest

from harness.seams import Truncate
from tests.registry_server import eventually, read_raw, run, serving

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
