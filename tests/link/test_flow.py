"""Bytes and endings on their way through the embedded link, in whichever bundle they arrive."""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from harness.environment.link import open_link
from tests.link_lab import new_run, soon

CONNECTIONS = 60


@contextmanager
def resetting_upstream() -> Iterator[int]:
    """Answers each connection with ten bytes and a reset at once; gives its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(CONNECTIONS)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    connection.recv(100)
                    linger = struct.pack("ii", 1, 0)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    connection.send(b"0123456789")
                    connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@pytest.mark.parametrize("staged", [False, True])
def test_a_reset_that_waits_behind_data_ends_the_connection(
    tmp_path: Path, *, staged: bool
) -> None:
    """As a registry that dies in the middle of an answer: nobody is left waiting for ever."""

    async def ended(port: int) -> None:
        reader, writer = await soon(asyncio.open_connection("127.0.0.1", port))
        writer.write(b"hello")
        with suppress(ConnectionError):
            await soon(reader.read(-1))
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def main() -> None:
        with new_run(tmp_path) as run, resetting_upstream() as port:
            async with open_link(run, kind="embedded", upstream_ports={"n": port}) as room:
                if staged:  # a toxic takes the bytes another way through the link
                    toxic = {"type": "latency", "attributes": {"latency": 1, "jitter": 0}}
                    await asyncio.to_thread(room.control.add_toxic, ["n"], toxic, added=[])
                await asyncio.gather(*(ended(room.ports["n"]) for _ in range(CONNECTIONS)))

    asyncio.run(main())
