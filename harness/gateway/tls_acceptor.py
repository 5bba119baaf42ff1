"""Where TLS connections come in: the handshake, with the certificate that a rule may have chosen.

An asyncio server cannot let a client wait for its certificate, so that connections are accepted
here and handed over with the first message still unread.
"""

import asyncio
import select
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from harness.gateway.handshakes import HandshakeRule, Handshakes

_AT_ONCE = 64  # connections accepted before others get their turn
_PAUSE_S = 1.0  # after the system refused a connection, as asyncio's own servers
_POLL_S = 0.1
_GONE = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)


class Door:
    """Accepts on listening sockets; `protocol` makes what a connection speaks to."""

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        handshakes: Handshakes,
        protocol: Callable[[], asyncio.Protocol],
    ) -> None:
        self._listeners = listeners
        self._handshakes = handshakes
        self._protocol = protocol
        self._under_way: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Begin to accept, in the running loop."""
        for listener in self._listeners:
            listener.setblocking(False)
            self._listen(listener)

    def close(self) -> None:
        """Accept nothing more, and end what has not finished its handshake."""
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            if listener.fileno() >= 0:
                loop.remove_reader(listener)
                listener.close()
        for task in self._under_way:
            task.cancel()

    def _listen(self, listener: socket.socket) -> None:
        if listener.fileno() >= 0:
            asyncio.get_running_loop().add_reader(listener, self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(_AT_ONCE):
            try:
                connection, _address = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                sys.stderr.write(f"accepting pauses for {_PAUSE_S:g} s: {error}\n")
                loop.remove_reader(listener)
                loop.call_later(_PAUSE_S, self._listen, listener)
                return
            connection.setblocking(False)
            task = asyncio.ensure_future(self._enter(connection))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _enter(self, connection: socket.socket) -> None:
        context = self._handshakes.context
        rule = self._handshakes.biting(connection.getsockname()[1])
        try:
            if rule is not None and rule.context is not None:
                context = rule.context
            elif rule is not None and (not await _held(connection, rule) or rule.order.drops):
                connection.close()
                return
            loop = asyncio.get_running_loop()
            await loop.connect_accepted_socket(self._protocol, connection, ssl=context)
        except OSError:  # it went away, speaks no TLS, or does not like the certificate
            connection.close()
        except BaseException:  # the gateway is closing
            connection.close()
            raise


async def _held(connection: socket.socket, rule: HandshakeRule) -> bool:
    """Let the client wait while the rule lives; False when it has gone away."""
    poll = select.poll()
    poll.register(connection, select.POLLIN | _GONE)
    spoke = False
    while not rule.gone.is_set():
        seen = next((events for _, events in poll.poll(0)), 0)
        if seen & select.POLLIN and not spoke:
            spoke = bool(connection.recv(1, socket.MSG_PEEK))  # or it only closed
            rule.bites += spoke
        if seen & _GONE:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(_POLL_S):
                await rule.gone.wait()
    return True
