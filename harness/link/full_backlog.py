"""A listening socket that lets nobody in: the system drops each SYN, as a firewall would.

No rule of a firewall is needed, and so no root: Linux drops a SYN when the queue of connections
that wait to be accepted is full (net/ipv4/tcp_input.c, tcp_conn_request), and the client's system
sends it again after 1, 3, 7, 15 and 31 s.
"""

import socket
from contextlib import suppress


class FullBacklog:
    """Fills the queue of `listener`, from which nothing is accepted meanwhile, until it is lifted.

    Queues hold one connection more than their length, which is 0 here: our own takes it.
    Should a client have taken it before, it is connected but hears nothing.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        listener.listen(0)
        self._filler = socket.socket(listener.family, socket.SOCK_STREAM)
        self._filler.setblocking(False)
        with suppress(BlockingIOError):
            self._filler.connect(listener.getsockname())
        self.own: tuple[object, ...] = self._filler.getsockname()  # it comes out of the queue, too

    def lift(self, backlog: int) -> None:
        """Let clients in again: those who wait as soon as their system asks again."""
        self.close()
        self._listener.listen(backlog)

    def close(self) -> None:
        self._filler.close()
