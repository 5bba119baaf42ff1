"""Finds the upstream of a client that was accepted, without holding up the others."""

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Final

from harness.link.address import Address
from harness.link.proxied_connection import close_in_order

CONNECT_LIMIT_S: Final = 10.0


class Dial:
    """Connects an accepted client to the upstream, trying its addresses in turn.

    `on_done` is called once with the upstream's socket, or None when nobody
    answered and the client has been closed.
    """

    def __init__(
        self,
        client: socket.socket,
        number: int,
        addresses: list[Address],
        on_done: Callable[["Dial", socket.socket | None], None],
    ) -> None:
        self.client = client
        self.number = number
        self._addresses = addresses
        self._on_done = on_done
        self._loop = asyncio.get_running_loop()
        self._upstream: socket.socket | None = None
        self._limit = self._loop.call_later(CONNECT_LIMIT_S, self.give_up)
        self._loop.call_soon(self._next)

    def _next(self) -> None:
        if self.client.fileno() < 0:
            return
        if not self._addresses:
            self.give_up()
            return
        family, address = self._addresses.pop(0)
        try:
            self._upstream = socket.socket(family, socket.SOCK_STREAM)
        except OSError:
            self.give_up()
            return
        prepare(self._upstream)
        failure = self._upstream.connect_ex(address)
        if failure in {0, errno.EINPROGRESS}:
            self._loop.add_writer(self._upstream.fileno(), self._writable)
            return
        self._upstream.close()
        self._upstream = None
        self._loop.call_soon(self._next)

    def _writable(self) -> None:
        upstream = self._upstream
        if upstream is None:
            return
        self._loop.remove_writer(upstream.fileno())
        self._upstream = None
        if upstream.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            upstream.close()
            self._next()
            return
        self._limit.cancel()
        self._on_done(self, upstream)

    def give_up(self) -> None:
        """Close the client: there is nobody behind."""
        self._limit.cancel()
        if self._upstream is not None:
            self._loop.remove_writer(self._upstream.fileno())
            self._upstream.close()  # it may be connected by now, and has done nothing wrong
            self._upstream = None
        close_in_order(self.client)
        self._on_done(self, None)


def prepare(side: socket.socket) -> None:
    """Never block, and send small writes at once."""
    side.setblocking(False)
    side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
