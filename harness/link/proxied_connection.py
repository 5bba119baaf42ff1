"""One connection through the link: two flows of bytes, and how they end together."""

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from harness.link.flow import Budget, Flow
from harness.link.stage import End

_LINGER_NOT: Final = struct.pack("ii", 1, 0)  # closing sends RST
_UNREAD_BYTES: Final = 64 << 10


class ProxiedConnection:
    """A client, its upstream, and the flows between them. `on_close` is called when both end."""

    def __init__(
        self,
        number: int,
        client: socket.socket,
        upstream: socket.socket,
        *,
        budget: Budget,
        on_close: Callable[["ProxiedConnection"], None],
    ) -> None:
        self.number = number
        self._sockets = (client, upstream)
        self._on_close = on_close
        self._open_flows = 2
        self._closed = False
        self.flows = {
            "upstream": Flow(client, upstream, budget=budget, on_end=self._flow_ended),
            "downstream": Flow(upstream, client, budget=budget, on_end=self._flow_ended),
        }

    def start(self) -> None:
        for flow in self.flows.values():
            flow.start()

    def close(self, *, reset: bool = False) -> None:
        """End both sides: in good order, or by RST."""
        if self._closed:
            return
        self._closed = True
        for flow in self.flows.values():
            flow.stop()
        client, upstream = self._sockets
        if reset:
            abort(client)
            abort(upstream)
        else:
            close_in_order(client)
            upstream.close()
        self._on_close(self)

    def _flow_ended(self, how: End) -> None:
        self._open_flows -= 1
        if how is not End.FIN or not self._open_flows:
            self.close(reset=how is End.RESET)


def abort(side: socket.socket) -> None:
    """Close `side` so that its peer gets a RST."""
    with suppress(OSError):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    side.close()


def close_in_order(side: socket.socket) -> None:
    """Close `side` so that its peer gets a FIN: with bytes unread the system would send a RST.

    A peer that is in the middle of sending more than a little gets its RST all the same.
    """
    with suppress(OSError):
        side.shutdown(socket.SHUT_WR)
        side.recv(_UNREAD_BYTES, socket.MSG_DONTWAIT)
    side.close()
