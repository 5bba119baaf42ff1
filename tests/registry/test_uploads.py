"""Uploads of blobs over HTTP: at once, in chunks, as a stream, and how each goes wrong."""

import asyncio
import errno
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.oci.digest import digest_of
from harness.registry.content_store import ContentStore
from tests.registry_server import error_of as code
from tests.registry_server import eventually, require_stored, serving

CONTENT = bytes(range(256)) * 8
DIGEST = digest_of(CONTENT)
UPLOADS = "/v2/app/blobs/uploads/"


async def begin(client: httpx.AsyncClient) -> str:
    answer = await client.post(UPLOADS)
    assert answer.status_code == 202
    return str(answer.headers["location"])


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_upload_in_one_request(tmp_path: Path, algorithm: str) -> None:
    """POST with the digest, and POST then PUT, store a blob under either algorithm."""
    digest = digest_of(CONTENT, algorithm)

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            posted = await client.post(UPLOADS, params={"digest": digest}, content=CONTENT)
            await require_stored(client, posted, digest)
            place = await begin(client)
            put = await client.put(place, params={"digest": digest}, content=CONTENT)
            await require_stored(client, put, digest)
            assert code(await client.get(place)) == (404, "BLOB_UPLOAD_UNKNOWN")

    asyncio.run(main())


def test_upload_in_chunks(tmp_path: Path) -> None:
    """Chunks in order are taken, others are 416 and say where to go on."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            place = await begin(client)
            first = {"Content-Range": "0-999"}
            answer = await client.patch(place, content=CONTENT[:1000], headers=first)
            assert (answer.status_code, answer.headers["range"]) == (202, "0-999")
            for wrong in ("0-999", "1001-1002", "rubbish"):
                again = await client.patch(
                    place, content=CONTENT[:1000], headers={"Content-Range": wrong}
                )
                assert code(again) == (416, "RANGE_INVALID"), wrong
                assert again.headers["location"] == place
                assert again.headers["range"] == "0-999"
            status = await client.get(place)
            assert (status.status_code, status.headers["range"]) == (204, "0-999")
            done = await client.put(
                place,
                params={"digest": DIGEST},
                content=CONTENT[1000:],
                headers={"Content-Range": "1000-2047"},
            )
            await require_stored(client, done, DIGEST)

    asyncio.run(main())


def test_upload_as_a_stream(tmp_path: Path) -> None:
    """PATCH without a length takes what comes; PUT closes, under another algorithm if asked."""

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(CONTENT), 500):
            yield CONTENT[start : start + 500]

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            for algorithm in ("sha256", "sha512"):
                digest = digest_of(CONTENT, algorithm)
                place = await begin(client)
                assert (await client.patch(place, content=parts())).status_code == 202
                done = await client.put(place, params={"digest": digest})
                await require_stored(client, done, digest)

    asyncio.run(main())


def test_chunk_of_the_wrong_length_changes_nothing(tmp_path: Path) -> None:
    """A chunk shorter than its range is refused, and the upload goes on where it was."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"x" * 10

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            place = await begin(client)
            header = {"Content-Range": "0-99"}
            short = await client.patch(place, content=b"x" * 10, headers=header)
            assert code(short) == (400, "SIZE_INVALID")
            streamed = await client.patch(place, content=parts(), headers=header)
            assert code(streamed) == (400, "SIZE_INVALID")
            done = await client.put(place, params={"digest": DIGEST}, content=CONTENT)
            await require_stored(client, done, DIGEST)

    asyncio.run(main())


def test_upload_errors(tmp_path: Path) -> None:
    """Wrong digests, lost sessions and other people's sessions."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            wrong = {"digest": digest_of(b"other")}
            posted = await client.post(UPLOADS, params=wrong, content=CONTENT)
            assert code(posted) == (400, "DIGEST_INVALID")
            put = await client.put(await begin(client), params=wrong, content=CONTENT)
            assert code(put) == (400, "DIGEST_INVALID")
            place = await begin(client)
            assert code(await client.put(place)) == (400, "DIGEST_INVALID")
            malformed = await client.put(place, params={"digest": "sha256:../../x"})
            assert code(malformed) == (400, "DIGEST_INVALID")
            other = await client.patch(place.replace("/app/", "/other/"), content=b"x")
            assert code(other) == (404, "BLOB_UPLOAD_UNKNOWN")
            assert (await client.delete(place)).status_code == 204
            assert code(await client.patch(place, content=b"x")) == (404, "BLOB_UPLOAD_UNKNOWN")
            md5 = await client.post(UPLOADS, params={"digest-algorithm": "md5"})
            assert code(md5) == (400, "DIGEST_INVALID")
            assert not list((served.registry.content.root / "uploads").iterdir())

    asyncio.run(main())


def test_client_that_goes_away_can_resume(tmp_path: Path) -> None:
    """What arrived before the connection broke is kept, and can be gone on from."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            place = await begin(client)
            _, writer = await asyncio.open_connection("127.0.0.1", served.ports["n0"])
            head = f"PATCH {place} HTTP/1.1\r\nHost: r\r\nContent-Length: 2048\r\n\r\n"
            writer.write(head.encode() + CONTENT[:500])
            await writer.drain()

            async def has_arrived() -> bool:
                return (await client.get(place)).headers["range"] == "0-499"

            await eventually(has_arrived)
            writer.close()
            await writer.wait_closed()
            rest = await client.put(place, params={"digest": DIGEST}, content=CONTENT[500:])
            await require_stored(client, rest, DIGEST)

    asyncio.run(main())


def test_concurrent_uploads_keep_apart(tmp_path: Path) -> None:
    """Many blobs at a time, some of them the same one, all arrive whole."""
    contents = [bytes([number % 20]) * 300_000 for number in range(40)]

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:

            async def push(content: bytes) -> None:
                place = await begin(client)
                half = len(content) // 2
                await client.patch(place, content=content[:half])
                digest = digest_of(content)
                done = await client.put(place, params={"digest": digest}, content=content[half:])
                await require_stored(client, done, digest)

            async with asyncio.TaskGroup() as tasks:
                for content in contents:
                    tasks.create_task(push(content))

    asyncio.run(main())


def test_two_writers_of_one_session(tmp_path: Path) -> None:
    """Of two chunks that claim the same place one is taken, the other is out of order."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            place = await begin(client)

            (upload,) = served.registry.uploads._open.values()
            second_is_sent = asyncio.Event()

            async def late() -> AsyncIterator[bytes]:
                await second_is_sent.wait()
                yield CONTENT

            async def is_taken() -> bool:
                return upload.lock.locked()

            async def patch(content: Any) -> int:
                headers = {"Content-Range": "0-2047"}
                return (await client.patch(place, content=content, headers=headers)).status_code

            async with asyncio.TaskGroup() as tasks:
                first = tasks.create_task(patch(late()))
                await eventually(is_taken)
                second = tasks.create_task(patch(CONTENT))
                await asyncio.sleep(0.1)  # it may not be answered yet
                second_is_sent.set()
            assert (first.result(), second.result()) == (202, 416)
            done = await client.put(place, params={"digest": DIGEST})
            await require_stored(client, done, DIGEST)

    asyncio.run(main())


def test_disk_without_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upload that cannot fit is refused before it is read, and one that fills the disk after."""

    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            with monkeypatch.context() as patched:
                patched.setattr(ContentStore, "free_bytes", lambda _: 1000)
                posted = await client.post(UPLOADS, params={"digest": DIGEST}, content=CONTENT)
                assert code(posted) == (507, "DENIED")
                assert "storage" in posted.json()["errors"][0]["message"]
            place = await begin(client)
            with monkeypatch.context() as patched:
                patched.setattr("harness.registry.uploads._write_all", full)
                assert code(await client.patch(place, content=CONTENT)) == (507, "DENIED")
            done = await client.put(place, params={"digest": DIGEST}, content=CONTENT)
            await require_stored(client, done, DIGEST)

    asyncio.run(main())
