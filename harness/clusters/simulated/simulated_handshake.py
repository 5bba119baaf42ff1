"""A TLS handshake in virtual time: `load.tls` without a socket, with the same rules and words."""

from functools import lru_cache

from harness.clusters.simulated.simulated_connection import SimulatedConnection
from harness.clusters.simulated.simulated_network import SimulatedNetwork
from harness.link.stage import End
from harness.load.tls import HANDSHAKE_TIMEOUT_S, certificate_in
from harness.node.certificates import refusal
from harness.node.commands import Failing, TransportFailure
from harness.process.clock import utc_now


async def handshake(
    connection: SimulatedConnection, network: SimulatedNetwork, host: str
) -> TransportFailure | None:
    """Why a client that asked for `host` goes no further; None when it does."""
    until_s = network.now_s() + HANDSHAKE_TIMEOUT_S
    connection.greet(lambda: network.greeted(connection))
    while connection.certificate is None or connection.received < connection.answer.head_bytes:
        if connection.ended is End.RESET:
            text = f"read tcp {connection.ends}: read: connection reset by peer"
            return TransportFailure(failing=Failing.RESET, detail=text)
        if connection.ended is not None:
            return TransportFailure(failing=Failing.EOF, detail="EOF")
        if network.now_s() >= until_s:
            text = "net/http: TLS handshake timeout"
            return TransportFailure(failing=Failing.TLS_TIMEOUT, detail=text)
        await connection.news(until_s - network.now_s())
    if not connection.certificate:  # the registry's own, which is good
        return None
    why = _refusal(connection.certificate, network.ca_pem, host)
    return TransportFailure(failing=Failing.TLS_CERTIFICATE, detail=why) if why else None


@lru_cache(maxsize=64)
def _refusal(certificate_pem: str, ca_pem: str, host: str) -> str:
    return refusal(certificate_in(certificate_pem, ca_pem), host, utc_now())
