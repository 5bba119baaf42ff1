"""A full queue: new clients get no answer, open connections go on, and all works afterwards."""

import asyncio
import socket
import sys
import time

import pytest

from harness.link.address import split_address
from harness.link.flow import Budget
from harness.link.full_backlog import FullBacklog
from harness.link.proxy import Proxy
from tests.link_lab import soon

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="other systems refuse when the queue is full"
)
SHORT_S = 0.3  # far below the second after which a SYN is sent again


def connects(address: tuple[str, int], within_s: float) -> bool:
    """Whether a client gets a connection in this time; a refusal is an error."""
    try:
        socket.create_connection(address, timeout=within_s).close()
    except TimeoutError:
        return False
    return True


async def ping(address: tuple[str, int]) -> None:
    """One message through the proxy and back."""
    reader, writer = await soon(asyncio.open_connection(*address))
    writer.write(b"ping")
    assert await soon(reader.readexactly(4)) == b"ping"
    writer.close()


def test_nobody_is_answered_until_it_is_lifted() -> None:
    """A client that waits all the while is let in when its system asks again."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        address = listener.getsockname()
        full = FullBacklog(listener)
        assert not connects(address, SHORT_S)
        with socket.socket() as waiting:
            waiting.setblocking(False)
            assert waiting.connect_ex(address) != 0
            full.lift(16)
            own, filler = listener.accept()
            assert filler == full.own
            own.close()
            waiting.settimeout(20)
            listener.settimeout(20)
            listener.accept()[0].close()
            assert waiting.recv(1) == b""


def test_a_proxy_leaves_new_clients_unanswered_and_open_ones_alone() -> None:
    """Until it lets them in, by order or at its deadline; its own filler never reaches anybody."""

    async def main() -> None:
        met = 0

        async def behind(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal met
            met += 1
            writer.write(await reader.read(4))
            await reader.read()
            writer.close()

        server = await asyncio.start_server(behind, "127.0.0.1", 0)
        upstream = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        proxy = Proxy("node-0", "127.0.0.1:0", upstream, seed=7, budget=Budget())
        await proxy.resolve()
        await proxy.enable()
        address = split_address(proxy.listen)
        reader, writer = await asyncio.open_connection(*address)
        proxy.drop_new()
        assert not await asyncio.to_thread(connects, address, SHORT_S)
        writer.write(b"ping")
        assert await soon(reader.readexactly(4)) == b"ping"
        proxy.let_in()
        await ping(address)
        proxy.drop_new(lifetime_s=0.2)
        begun = time.monotonic()
        await ping(address)
        assert time.monotonic() - begun > 0.1
        writer.close()
        await proxy.close()
        server.close()
        await server.wait_closed()
        assert met == 3

    asyncio.run(main())


def test_a_proxy_that_goes_down_meanwhile_refuses() -> None:
    """Afterwards it lets clients in as if nothing had been."""

    async def main() -> None:
        proxy = Proxy("node-0", "127.0.0.1:0", "127.0.0.1:1", seed=7, budget=Budget())
        await proxy.resolve()
        await proxy.enable()
        address = split_address(proxy.listen)
        proxy.drop_new()
        await proxy.disable()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.to_thread(connects, address, 20)
        await proxy.enable()
        proxy.let_in()
        assert await asyncio.to_thread(connects, address, 20)
        await proxy.close()

    asyncio.run(main())
