"""Opens connections: looks the name up, tries its addresses, and words failures as Go does."""

import errno
import time
from collections.abc import Callable
from typing import Final

import gevent
from gevent import socket

from harness.load.lookup import Addresses, is_address, joined, reason
from harness.load.pull_connection import PullConnection
from harness.node.commands import Failing, TransportFailure
from harness.node.hosts import NOBODY

_FEWEST_S: Final = 2.0  # Go: net/dial.go, partialDeadline's saneMinimum

LookUp = Callable[[str, float], Addresses | TransportFailure]


def dial(
    host: str, port: int, *, timeout_s: float, look_up: LookUp
) -> PullConnection | TransportFailure:
    """Connect to `host`, which `look_up(name, timeout_s)` resolves unless it is an address.

    `timeout_s` holds for look-up and connection together. The failure reported is that of the first
    address.
    """
    until_s = time.monotonic() + timeout_s
    addresses: Addresses | TransportFailure = (host,)
    if not is_address(host):
        addresses = look_up(host, timeout_s)
    if isinstance(addresses, TransportFailure):
        return addresses
    failures: list[TransportFailure] = []
    for tried, address in enumerate(addresses):
        left_s = until_s - time.monotonic()
        share_s = max(left_s / (len(addresses) - tried), min(left_s, _FEWEST_S))
        connected = _connect(address, port, max(0.001, share_s))
        if isinstance(connected, PullConnection):
            return connected
        failures.append(connected)
    return failures[0]


def _connect(address: str, port: int, timeout_s: float) -> PullConnection | TransportFailure:
    if address == NOBODY:  # no packet leaves: what a network says of this address is its own
        gevent.sleep(timeout_s)
        detail = f"dial tcp {joined(address, port)}: i/o timeout"
        return TransportFailure(failing=Failing.DIAL_TIMEOUT, detail=detail)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(timeout_s)
        sock.connect((address, port))
        return PullConnection(sock)
    except OSError as error:
        sock.close()
        timed_out = isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT
        why = "i/o timeout" if timed_out else f"connect: {reason(error)}"
        failing = Failing.DIAL_TIMEOUT if timed_out else Failing.DIAL_REFUSED
        return TransportFailure(failing=failing, detail=f"dial tcp {joined(address, port)}: {why}")
    except BaseException:  # the pull was ended where it stood
        sock.close()
        raise
