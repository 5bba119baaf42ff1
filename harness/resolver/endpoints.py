"""UDP and TCP sockets of the name server: one port a node, the same number for both."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from harness.resolver.answers import NameServer
from harness.resolver.dns_rules import Transport
from harness.resolver.zone import HEADER_BYTES, QUERY_BYTES

_LENGTH: Final = struct.Struct("!H")  # RFC 1035 section 4.2.2
_PORT_TRIES: Final = 50  # a port that is free for TCP may be taken for UDP
_BACKLOG: Final = 128
_PEERS_PER_NODE: Final = 256
_PEER_PATIENCE_S: Final = 10.0  # for a whole query to arrive
_PEER_IDLE_S: Final = 60.0  # between a query and the next; longer than any client waits
_UNREAD_BYTES: Final = 1 << 18  # answers that a peer leaves unread
_HELD_ANSWERS: Final = 20_000  # delayed ones of all nodes; more are lost, as from a full queue


class PortError(Exception):
    """A port cannot be listened on. One sentence."""


@dataclass(kw_only=True)
class _Desk:
    """Answers the queries of one node: now, later or never."""

    server: NameServer
    node: str
    held: set[asyncio.TimerHandle]

    def serve(self, wire: bytes, transport: Transport, send: Callable[[bytes], None]) -> None:
        now_s = time.monotonic()
        answer = self.server.answer(wire, node=self.node, transport=transport, now_s=now_s)
        if answer.wire is None:
            return
        if answer.wait_s <= 0:
            send(answer.wire)
        elif len(self.held) < _HELD_ANSWERS:
            self._send_later(answer.wire, answer.wait_s, send)

    def _send_later(self, wire: bytes, wait_s: float, send: Callable[[bytes], None]) -> None:
        def due() -> None:
            self.held.discard(timer)
            send(wire)

        timer = asyncio.get_running_loop().call_later(wait_s, due)
        self.held.add(timer)


class _UdpPort(asyncio.DatagramProtocol):
    def __init__(self, desk: _Desk) -> None:
        self._desk = desk

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        def send(wire: bytes) -> None:
            if not self._transport.is_closing():
                self._transport.sendto(wire, addr)

        self._desk.serve(data, "udp", send)


class _TcpPeer(asyncio.Protocol):
    """One connection: queries with their lengths before them, answered as each is ready."""

    def __init__(self, desk: _Desk, peers: "set[_TcpPeer]") -> None:
        self._desk = desk
        self._peers = peers
        self._unread = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._peers.add(self)
        self._patience = self._abort_in(_PEER_PATIENCE_S)
        if len(self._peers) > _PEERS_PER_NODE:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc  # a peer may go as it likes
        self._patience.cancel()
        self._peers.discard(self)

    def data_received(self, data: bytes) -> None:
        begins = not self._unread
        self._unread += data
        while (wire := self._next_query()) is not None:
            self._desk.serve(wire, "tcp", self._send)
            begins = True
        if begins:  # not at every byte, so that a slow peer cannot keep its place for ever
            self._patience.cancel()
            self._patience = self._abort_in(_PEER_PATIENCE_S if self._unread else _PEER_IDLE_S)

    def _next_query(self) -> bytes | None:
        if len(self._unread) < _LENGTH.size or self._transport.is_closing():
            return None
        (length,) = _LENGTH.unpack_from(self._unread)
        end = _LENGTH.size + length
        if not HEADER_BYTES <= length <= QUERY_BYTES:
            self._transport.abort()
        if len(self._unread) < end:
            return None
        wire = bytes(self._unread[_LENGTH.size : end])
        del self._unread[:end]
        return wire

    def abort(self) -> None:
        self._transport.abort()

    def _send(self, wire: bytes) -> None:
        if self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > _UNREAD_BYTES:
            self._transport.abort()
            return
        self._transport.write(_LENGTH.pack(len(wire)) + wire)

    def _abort_in(self, wait_s: float) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(wait_s, self._transport.abort)


@dataclass(kw_only=True)
class Endpoints:
    """Open sockets. `ports` by node."""

    ports: dict[str, int] = field(default_factory=dict)
    _udp: list[asyncio.DatagramTransport] = field(default_factory=list)
    _tcp: list[asyncio.Server] = field(default_factory=list)
    _peers: list[set[_TcpPeer]] = field(default_factory=list)
    _held: set[asyncio.TimerHandle] = field(default_factory=set)

    async def open(self, server: NameServer, host: str, ports: Mapping[str, int]) -> None:
        """Listen for each node; 0 is any free port. Raises PortError."""
        loop = asyncio.get_running_loop()
        for node, wanted in ports.items():
            desk = _Desk(server=server, node=node, held=self._held)
            tcp, udp = _bound(host, wanted)
            peers: set[_TcpPeer] = set()
            self._peers.append(peers)
            self._tcp.append(
                await loop.create_server(_peer_factory(desk, peers), sock=tcp, backlog=_BACKLOG)
            )
            transport, _ = await loop.create_datagram_endpoint(_port_factory(desk), sock=udp)
            self._udp.append(transport)
            self.ports[node] = int(tcp.getsockname()[1])

    def close(self) -> None:
        """Close all sockets; delayed answers are never sent."""
        for transport in self._udp:
            transport.close()
        for server in self._tcp:
            server.close()
        for peers in self._peers:
            for peer in tuple(peers):
                peer.abort()


def _peer_factory(desk: _Desk, peers: set[_TcpPeer]) -> Callable[[], _TcpPeer]:
    return lambda: _TcpPeer(desk, peers)


def _port_factory(desk: _Desk) -> Callable[[], _UdpPort]:
    return lambda: _UdpPort(desk)


def _bound(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """A TCP and a UDP socket on one port number. Raises PortError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    problem: OSError | None = None
    for _ in range(1 if port else _PORT_TRIES):
        tcp = socket.socket(family, socket.SOCK_STREAM)
        udp = socket.socket(family, socket.SOCK_DGRAM)
        try:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind((host, port))
            udp.bind((host, tcp.getsockname()[1]))
        except OSError as error:
            tcp.close()
            udp.close()
            problem = error
        else:
            tcp.setblocking(False)
            udp.setblocking(False)
            return tcp, udp
    reason = problem.strerror if problem else "no port was tried"
    raise PortError(f"port {port} of {host}: cannot be listened on: {reason}")
