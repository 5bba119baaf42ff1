"""Certificates for tests, made once a process, and clients that tell what they saw."""

import asyncio
import ssl
import tempfile
from functools import cache
from pathlib import Path

from harness.environment.authority import Authority, new_authority
from harness.environment.canary import trusting
from harness.load.orders import REGISTRY_NAME


@cache
def authority() -> Authority:
    """One authority for all tests of a process."""
    with tempfile.TemporaryDirectory() as folder:
        return new_authority(Path(folder), ())


@cache
def good() -> str:
    """Key and certificate of a registry that is right."""
    return authority().certificate()


async def met(port: int, *, patience_s: float = 5.0) -> str:
    """How a handshake ends for a client that trusts the authority: "good", or what was wrong."""
    trust = trusting(authority().ca_pem)
    try:
        async with asyncio.timeout(patience_s):
            _, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=trust, server_hostname=REGISTRY_NAME
            )
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except (OSError, TimeoutError) as error:
        return type(error).__name__
    writer.close()
    return "good"
