"""Clients of the resolver that say what they saw on the wire."""

import asyncio
import socket
import struct

from dnslib import EDNS0, RCODE, DNSRecord

NAME = "registry.harness.test"
LOOPBACK = "127.0.0.1"


def question(
    name: str = NAME, record_type: str = "A", *, edns_bytes: int | None = None, number: int = 0
) -> bytes:
    """A query as bytes."""
    record = DNSRecord.question(name, record_type)
    if edns_bytes is not None:
        record.add_ar(EDNS0(udp_len=edns_bytes))
    if number:
        record.header.id = number
    return bytes(record.pack())


async def ask_udp(port: int, query: bytes, *, limit_s: float = 5) -> bytes:
    """The answer to `query`. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setblocking(False)
        udp.connect((LOOPBACK, port))
        await loop.sock_sendall(udp, query)
        return await asyncio.wait_for(loop.sock_recv(udp, 65535), limit_s)


async def ask_tcp(port: int, query: bytes, *, limit_s: float = 5) -> bytes:
    """The answer to `query`. Raises TimeoutError, or IncompleteReadError when it is cut off."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(framed(query))
        return await asyncio.wait_for(read_framed(reader), limit_s)
    finally:
        writer.close()
        await writer.wait_closed()


def framed(message: bytes) -> bytes:
    """`message` with its length before it, as TCP carries it."""
    return struct.pack("!H", len(message)) + message


async def read_framed(reader: asyncio.StreamReader) -> bytes:
    (length,) = struct.unpack("!H", await reader.readexactly(2))
    return await reader.readexactly(length)


def code(answer: bytes) -> str:
    """NOERROR, NXDOMAIN, ..."""
    return str(RCODE[DNSRecord.parse(answer).header.rcode])


def addresses(answer: bytes) -> list[str]:
    """The addresses in the answer section."""
    return [str(record.rdata) for record in DNSRecord.parse(answer).rr]
