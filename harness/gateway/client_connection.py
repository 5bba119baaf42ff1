"""The gateway's hold on a connection: to end it early, in good order or by a reset.

ASGI has no word for this, so a request's scope carries it as an extension.
"""

import asyncio
import fcntl
import itertools
import socket
import struct
import termios
import time
from typing import Any, Literal, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

EXTENSION = "harness.connection"

_HIGH_WATER_BYTES = 256 << 10
_LINGER_RESET = struct.pack("ii", 1, 0)  # socket(7): close sends RST, not FIN
_DELIVERY_PATIENCE_S = 5.0
_DELIVERY_POLL_S = 0.002


class Connection:
    """One client's connection, as long as it lasts."""

    def __init__(self, protocol: "NodeProtocol") -> None:
        self._protocol = protocol
        self.is_known = False  # whether a request has come on it

    @property
    def closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self._protocol.transport.is_closing()

    def older(self, per: Literal["node", "all"]) -> int:
        """How many connections that are open were opened before this one, on its port or on all."""
        mine = self._protocol
        return sum(
            1
            for other in mine.connections
            if isinstance(other, NodeProtocol)
            and other.number < mine.number
            and (per == "all" or other.server == mine.server)
        )

    @property
    def full(self) -> bool:
        """Whether more waits to be sent than should."""
        return self._protocol.flow.write_paused

    async def drained(self) -> None:
        """Wait until little waits to be sent."""
        await self._protocol.flow.drain()

    async def end(self, ending: Literal["fin", "rst"]) -> None:
        """Close after all that was sent, whatever the answer's length promised.

        A reset waits until the peer's system has taken what was sent: it destroys what is on the
        way. A peer that reads nothing is not waited for longer than five seconds.
        """
        protocol = self._protocol
        if ending == "rst" and await _delivered(protocol.transport):
            _reset_on_close(protocol.transport)
            protocol.transport.abort()
        else:
            protocol.transport.close()
        if protocol.cycle is not None:
            protocol.cycle.disconnected = True


async def _delivered(transport: asyncio.Transport) -> bool:
    """Whether the connection still stands when all that was sent is acknowledged."""
    until_s = time.monotonic() + _DELIVERY_PATIENCE_S
    while not transport.is_closing() and time.monotonic() < until_s:
        if not transport.get_write_buffer_size() and not _unacknowledged_bytes(transport):
            break
        await asyncio.sleep(_DELIVERY_POLL_S)
    return not transport.is_closing()


def _unacknowledged_bytes(transport: asyncio.Transport) -> int:
    """What the kernel has not delivered yet; 0 where it cannot be asked."""
    descriptor = transport.get_extra_info("socket").fileno()
    try:
        answer = fcntl.ioctl(descriptor, termios.TIOCOUTQ, b"\0\0\0\0")
    except OSError:
        return 0
    return int(struct.unpack("i", answer)[0])


def _reset_on_close(transport: asyncio.Transport) -> None:
    # uvloop's own socket object cannot set options; a duplicate shares them
    with socket.socket(fileno=transport.get_extra_info("socket").dup().detach()) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)


_numbers = itertools.count(1)


class NodeProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, with the connection put into each request's scope."""

    number = 0  # in the order in which connections were opened

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as Uvicorn's own
        super().connection_made(transport)
        self.number = next(_numbers)
        transport.set_write_buffer_limits(high=_HIGH_WATER_BYTES)
        self._extensions = {EXTENSION: Connection(self)}

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)["extensions"] = self._extensions
