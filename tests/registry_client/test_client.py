"""What the one client of registries does that no user of it shows: uploads that stall."""

import asyncio
import ssl
from pathlib import Path

import httpx
import pytest

from harness.registry_client.ask_error import AskError, Failure
from harness.registry_client.client import RegistryResponse, registry_client
from harness.registry_client.limits import AskLimits
from harness.registry_client.login import Login

LIMITS = AskLimits(answer_s=0.6, tries=1)
CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


async def uploaded(content: Path, *, pause_s: float | None) -> RegistryResponse:
    """The answer to a PUT whose body is taken `pause_s` apart, or never (None)."""
    over = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
        while pause_s is not None and length > 0:
            length -= len(await reader.read(1 << 20))
            await asyncio.sleep(pause_s)
        if pause_s is None:
            await over.wait()
        writer.write(CREATED)
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0, limit=1 << 16)
    async with server:
        base = httpx.URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            async with registry_client(base, Login(), trust=trust, limits=LIMITS) as client:
                return await client.ask("PUT", "/v2/app/blobs/uploads/1", "", content=content)
        finally:
            over.set()


def test_an_upload_may_take_long_but_not_stand_still(tmp_path: Path) -> None:
    """32 MiB that trickle take longer than an answer may; bytes that nobody takes are an end."""
    content = tmp_path / "blob"
    content.write_bytes(bytes(32 << 20))

    async def main() -> None:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        assert (await uploaded(content, pause_s=0.01)).status == 201
        assert loop.time() - began_s > LIMITS.answer_s
        with pytest.raises(AskError, match=r"no whole answer within 0\.6 s") as told:
            await uploaded(content, pause_s=None)
        assert told.value.failure is Failure.UNREADABLE

    asyncio.run(main())


async def redirected(login: Login) -> tuple[int, list[bytes]]:
    """The status of a blob that another host says it wants a login for; what its realm was sent."""
    sent: list[bytes] = []

    async def serve(answer: bytes, heard: list[bytes]) -> asyncio.Server:
        async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            writer.close()

        return await asyncio.start_server(one, "127.0.0.1", 0)

    def port(server: asyncio.Server) -> int:
        return int(server.sockets[0].getsockname()[1])

    head = "Content-Length: 0\r\nConnection: close\r\n\r\n"
    realm = await serve(f"HTTP/1.1 200 OK\r\n{head}".encode(), sent)
    wants = f'Bearer realm="http://127.0.0.1:{port(realm)}/token",service="x"'
    other = await serve(
        f"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {wants}\r\n{head}".encode(), []
    )
    there = f"http://127.0.0.1:{port(other)}/blob"
    own = await serve(
        f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {there}\r\n{head}".encode(), []
    )
    async with realm, other, own:
        base = httpx.URL(f"http://127.0.0.1:{port(own)}")
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        async with registry_client(base, login, trust=trust, limits=LIMITS) as client:
            answer = await client.ask("GET", "/v2/app/blobs/sha256:0", "repository:app:pull")
    return answer.status, sent


def test_the_password_is_for_the_registrys_own_challenge() -> None:
    """A host that blobs are redirected to names no token service that would be sent it."""
    login = Login(username="user", password="s3cret")
    assert asyncio.run(redirected(login)) == (401, [])
