"""A proxy: its listener, and the clients that it accepts."""

import asyncio
import itertools
import socket
import sys
from contextlib import suppress
from typing import Any, Final

from harness.link.address import Address, bind, format_address, split_address
from harness.link.dial import Dial, prepare
from harness.link.flow import Budget
from harness.link.full_backlog import FullBacklog
from harness.link.proxied_connection import ProxiedConnection, close_in_order
from harness.link.toxic_chain import ToxicChain

_BACKLOG: Final = 1024
_ACCEPTS_A_TURN: Final = 64
_NO_FILES_PAUSE_S: Final = 0.1


class Proxy:
    """Accepts clients on `listen` and connects each to `upstream`."""

    def __init__(self, name: str, listen: str, upstream: str, *, seed: int, budget: Budget) -> None:
        self.name = name
        self.listen = listen
        self.upstream = upstream
        self.enabled = False
        self.toxics = ToxicChain(name, seed=seed)
        self._budget = budget
        self._loop = asyncio.get_running_loop()
        self._upstreams: list[Address] = []
        self._numbers = itertools.count(1)
        self._dialling: set[Dial] = set()
        self._socket: socket.socket | None = None  # listening, or keeping the port while disabled
        self._enable_again: asyncio.TimerHandle | None = None
        self._full: FullBacklog | None = None  # while nobody is let in
        self._let_in_again: asyncio.TimerHandle | None = None
        self._own: object = None  # the address of the last filler, which is no client

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "listen": self.listen,
            "upstream": self.upstream,
            "enabled": self.enabled,
            "toxics": [toxic.as_json() for toxic in self.toxics.in_order()],
        }

    async def resolve(self) -> None:
        """Find the addresses of `upstream`. A name that is unknown today may be known later."""
        try:
            host, port = split_address(self.upstream)
            found = await self._loop.getaddrinfo(host or "127.0.0.1", port, type=socket.SOCK_STREAM)
        except (OSError, ValueError):
            found = []
        self._upstreams = [(entry[0], entry[4]) for entry in found]

    async def enable(self) -> None:
        """Listen. Raises OSError when the address cannot be had."""
        self._cancel_enabling()
        if self.enabled:
            return
        if self._socket is None:
            self._socket = await bind(self.listen)
        self._socket.listen(_BACKLOG)
        self.listen = format_address(self._socket.getsockname())
        self._loop.add_reader(self._socket.fileno(), self._acceptable)
        self.enabled = True

    async def disable(self, *, lifetime_s: float | None = None, tally: str = "down") -> None:
        """Refuse clients and end the open connections; for `lifetime_s`, or until enabled.

        The connections that it ends are counted as `tally`.
        """
        if self.enabled:
            self._turn_away()
            self._close_listener()
            for dial in tuple(self._dialling):
                dial.give_up()
            self.toxics.tally(tally).connections += self.toxics.end_connections()
            self.enabled = False
            try:
                self._socket = await bind(self.listen)
            except OSError as error:
                sys.stderr.write(f"{self.name}: cannot keep {self.listen}: {error}\n")
        self._cancel_enabling()
        if lifetime_s is not None:
            self._enable_again = self._loop.call_later(lifetime_s, self._deadline_passed)

    def drop_new(self, *, lifetime_s: float | None = None) -> None:
        """Leave new clients without an answer, for `lifetime_s` or until let in.

        Open connections go on. A proxy that is disabled refuses them instead.
        """
        if self._socket is None or not self.enabled:
            return
        if self._let_in_again is not None:
            self._let_in_again.cancel()
        if self._full is None:
            self._acceptable()  # who was there before is let in
            self._loop.remove_reader(self._socket.fileno())
            self._full = FullBacklog(self._socket)
        if lifetime_s is not None:
            self._let_in_again = self._loop.call_later(lifetime_s, self.let_in)

    def let_in(self) -> None:
        """Accept new clients again; nothing when they are accepted already."""
        if self._let_in_again is not None:
            self._let_in_again.cancel()
            self._let_in_again = None
        if self._full is None or self._socket is None:
            return
        self._full.lift(_BACKLOG)
        self._own, self._full = self._full.own, None
        self._loop.add_reader(self._socket.fileno(), self._acceptable)
        self._acceptable()
        self._own = None

    async def close(self) -> None:
        """Disable for good."""
        await self.disable()
        self._close_listener()
        self.toxics.cancel_deadlines()

    def _acceptable(self) -> None:
        for _ in range(_ACCEPTS_A_TURN):
            if self._socket is None:
                return
            try:
                client, address = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                self._pause_accepting(error)
                return
            if address == self._own:
                client.close()
                continue
            prepare(client)
            number, addresses = next(self._numbers), list(self._upstreams)
            self._dialling.add(Dial(client, number, addresses, self._dialled))

    def _turn_away(self) -> None:
        """Close those who wait to be accepted: with the listener they would be reset."""
        with suppress(OSError):
            for _ in range(_BACKLOG):
                if self._socket is not None:
                    close_in_order(self._socket.accept()[0])

    def _pause_accepting(self, error: OSError) -> None:
        """Wait a little when no file is left to open: the backlog keeps the clients."""
        sys.stderr.write(f"{self.name}: cannot accept: {error}\n")
        listener = self._socket
        if listener is None:
            return
        self._loop.remove_reader(listener.fileno())

        def resume() -> None:
            if self._socket is listener and self.enabled:
                self._loop.add_reader(listener.fileno(), self._acceptable)

        self._loop.call_later(_NO_FILES_PAUSE_S, resume)

    def _dialled(self, dial: Dial, upstream: socket.socket | None) -> None:
        self._dialling.discard(dial)
        if upstream is None:
            return
        connection = ProxiedConnection(
            dial.number, dial.client, upstream, budget=self._budget, on_close=self.toxics.forget
        )
        self.toxics.admit(connection)

    def _close_listener(self) -> None:
        if self._full is not None:
            self._full.close()
            self._full = None
        if self._socket is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _cancel_enabling(self) -> None:
        if self._enable_again is not None:
            self._enable_again.cancel()
            self._enable_again = None

    def _deadline_passed(self) -> None:
        """The harness did not come back to enable this proxy: do it now."""
        self._enable_again = None
        if self._socket is None or self.enabled:
            return
        self._socket.listen(_BACKLOG)
        self._loop.add_reader(self._socket.fileno(), self._acceptable)
        self.enabled = True
