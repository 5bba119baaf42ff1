"""Certificates of a registry, on a real TLS socket."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from harness.audit.audit import wanted_of
from harness.audit.certificate import days_left
from harness.audit.findings import Check
from harness.audit.ledger import Ledger
from harness.audit.opening import audit, registry_url
from harness.registry_client.login import Login

AUTHORITY = trustme.CA()


@asynccontextmanager
async def listening(name: str, days: float) -> AsyncIterator[int]:
    """The port of an empty registry with a certificate for `name` that lasts so long."""
    now = datetime.now(UTC)
    issued = AUTHORITY.issue_cert(
        name, not_before=now - timedelta(days=99), not_after=now + timedelta(days=days)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.read(4096)
        if asked:
            body = b'{"repositories":[]}' if b"_catalog" in asked else b"{}"
            head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def trusting(folder: Path) -> Path:
    path = folder / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return path


def test_days_left(tmp_path: Path) -> None:
    """Of a good one; nobody, and somebody without TLS, are no certificate."""

    async def main() -> None:
        context = ssl.create_default_context(cafile=str(trusting(tmp_path)))
        async with listening("127.0.0.1", 30) as port:
            assert 29 < await days_left("127.0.0.1", port, context) < 30.1
        with pytest.raises(OSError, match="127"):
            await days_left("127.0.0.1", port, context)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("name", "days", "own", "said"),
    [
        ("127.0.0.1", 30, True, ""),
        ("127.0.0.1", 3, True, "runs out in"),
        ("127.0.0.1", -1, True, "certificate has expired"),
        ("127.0.0.2", 30, True, "IP address mismatch"),
        ("127.0.0.1", 30, False, "unable to get local issuer"),
    ],
)
def test_certificates_are_findings(
    tmp_path: Path, name: str, days: float, *, own: bool, said: str
) -> None:
    """One that is not valid ends the audit: nothing is sent to who cannot prove to be it."""

    async def main() -> None:
        ledger = Ledger(tmp_path / "ledger")
        wanted = wanted_of(
            (), quick=False, names=(), tags=(), platforms=(), quota_bytes=0, at_once=1
        )
        try:
            async with listening(name, days) as port:
                url, _ = registry_url(f"127.0.0.1:{port}")
                ca = trusting(tmp_path) if own else None
                requests = await audit(url, wanted, ledger, login=Login(), ca=ca)
            assert requests == (0 if said and days != 3 else 2)
            found = list(ledger.findings())
            assert [it.check for it in found] == ([Check.CERTIFICATE] if said else [])
            assert all(said in it.text for it in found)
        finally:
            ledger.close()

    asyncio.run(main())
