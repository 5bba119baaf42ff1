"""Bytes and endings on their way through the embedded link, in whichever bundle they arrive."""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import uvloop
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from harness.environment.link import open_link
from harness.link.address import split_address
from harness.link.flow import Budget
from harness.link.proxy import Proxy
from harness.link.toxic_chain import Toxic
from tests.link_lab import new_run, soon

CONNECTIONS = 60
READ_BYTES = 256 << 10  # one full read of the link
STAGED_READ_BYTES = 64 << 10
WARM_BYTES = 1 << 20  # after so many the system takes in more than one full read at once


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


def _latency_of(proxy: Proxy) -> Toxic:
    """A toxic without effect that takes the bytes through the stages."""
    return Toxic(
        name="slow",
        type="latency",
        stream="downstream",
        toxicity=1.0,
        attributes={"latency": 0, "jitter": 0},
        tally=proxy.toxics.tally("slow"),
    )


@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # a hang takes its time: none of it for shrinking
    report_multiple_bugs=False,
)
@given(
    before_bytes=st.integers(0, 4 * READ_BYTES),
    behind_bytes=st.integers(0, 3 * READ_BYTES),
    end=st.sampled_from(["reset", "finish", "finish and reset"]),
    staged=st.booleans(),
)
@example(before_bytes=WARM_BYTES, behind_bytes=READ_BYTES, end="reset", staged=False)
@example(before_bytes=WARM_BYTES, behind_bytes=2 * READ_BYTES, end="reset", staged=False)
@example(before_bytes=WARM_BYTES, behind_bytes=STAGED_READ_BYTES, end="reset", staged=True)
@example(before_bytes=WARM_BYTES, behind_bytes=4 * STAGED_READ_BYTES, end="reset", staged=True)
@example(before_bytes=0, behind_bytes=10, end="finish and reset", staged=False)
@example(before_bytes=0, behind_bytes=10, end="finish and reset", staged=True)
def test_whatever_lies_before_an_end_it_ends_the_connection(
    *, before_bytes: int, behind_bytes: int, end: str, staged: bool
) -> None:
    """Bytes that were read in time, bytes that wait with the end behind them: nobody hangs."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(10), AsyncExitStack() as stack:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            listener.setblocking(False)
            upstream = "{}:{}".format(*listener.getsockname())
            proxy = Proxy("node-0", "127.0.0.1:0", upstream, seed=7, budget=Budget())
            await proxy.resolve()
            await proxy.enable()
            stack.push_async_callback(proxy.close)
            if staged:
                proxy.toxics.add(_latency_of(proxy))
            reader, writer = await asyncio.open_connection(*split_address(proxy.listen))
            stack.callback(writer.transport.abort)
            source, _ = await loop.sock_accept(listener)
            sending = asyncio.ensure_future(loop.sock_sendall(source, bytes(before_bytes)))
            await reader.readexactly(before_bytes)
            await sending
            # No turn of the loop from here: the link finds the bytes and the end in one event.
            source.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
            sent_bytes = source.send(bytes(behind_bytes))
            _end(source, end)
            try:
                assert len(await reader.read(-1)) == sent_bytes or end != "finish"
            except ConnectionResetError:
                assert end != "finish"

    uvloop.run(main())


def _end(source: socket.socket, end: str) -> None:
    if end != "reset":
        source.shutdown(socket.SHUT_WR)
    if end != "finish":
        source.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    source.close()
