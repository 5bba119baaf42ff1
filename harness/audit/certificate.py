"""Until when a registry's certificate is good, and whether it is at all."""

import asyncio
import ssl
from datetime import UTC, datetime
from typing import Final

_TIMEOUT_S: Final = 20.0
_DAY_S: Final = 24 * 3600.0


async def days_left(host: str, port: int, context: ssl.SSLContext) -> float:
    """How many days the certificate is still good for.

    Raises ssl.SSLCertVerificationError for one that is not, OSError when nobody answers with TLS.
    """
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except TimeoutError:
        raise OSError(f"{host}:{port}: no TLS within {_TIMEOUT_S:g} s") from None
    try:
        certificate = writer.get_extra_info("ssl_object").getpeercert()
    finally:
        writer.transport.abort()
    ends_s = ssl.cert_time_to_seconds(certificate["notAfter"])
    return (ends_s - datetime.now(UTC).timestamp()) / _DAY_S
