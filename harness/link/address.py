"""Addresses as Toxiproxy writes them: `host:port`, IPv6 in brackets."""

import asyncio
import socket
from typing import Any

Address = tuple[socket.AddressFamily, tuple[Any, ...]]


def split_address(address: str) -> tuple[str, int]:
    """Host and port of `host:port` or `[host]:port`. Raises ValueError."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004  the highest port
        raise ValueError(f"address {address}: not host:port")
    return host.removeprefix("[").removesuffix("]"), int(port)


def format_address(name: tuple[Any, ...]) -> str:
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def bind(address: str) -> socket.socket:
    """A socket bound to `address`, not listening: whoever connects is refused.

    An empty address is any free port of the loopback. Raises ValueError, and OSError whose
    `filename` is the address that was found for the name.
    """
    host, port = split_address(address or "127.0.0.1:0")
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(
        host or "127.0.0.1", port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, address_info = found[0][0], found[0][4]
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address_info)
    except OSError as error:
        bound.close()
        raise OSError(error.errno, error.strerror, format_address(address_info)) from error
    return bound


def normal_address(address: str) -> str:
    """`address` as the system would name it: `localhost` is 127.0.0.1 to Toxiproxy too."""
    try:
        host, port = split_address(address)
    except ValueError:
        return address
    return f"127.0.0.1:{port}" if host in {"", "localhost"} else address
