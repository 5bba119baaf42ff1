"""Redirected blobs: given out elsewhere, slowly, to who has the URL."""

import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from harness.oci.digest import digest_of
from harness.seams import Redirect, RequestKind
from tests.registry_server import PASSWORD, USER, run, serving

CONTENT = bytes(number * 7 % 253 for number in range(253)) * 400  # 101,200 B
BLOBS = (RequestKind.BLOB,)


def test_the_url_is_enough_and_its_content_comes_slowly(tmp_path: Path) -> None:
    """No credentials go along; ranges work; after the heal the same URL is fast."""

    async def main() -> None:
        async with serving(tmp_path, guarded=True) as served, served.client() as client:
            path = f"/v2/app/blobs/{served.put_blob(CONTENT)}"
            scope = {"scope": "repository:app:pull", "service": "harness"}
            login = await client.get("/token", params=scope, auth=(USER, PASSWORD))
            own = {"Authorization": f"Bearer {login.json()['token']}"}
            act = Redirect(first_byte_s=0.1, bytes_per_s=200_000)
            name = served.rule(act, kinds=BLOBS, methods=("GET",))
            answer = await client.get(path, headers=own)
            assert (answer.status_code, answer.content) == (307, b"")
            assert answer.headers["harness-bitten-by"] == name
            url = answer.headers["location"]
            assert urlsplit(url).hostname == "127.0.0.1"
            assert urlsplit(url).port not in served.ports.values()
            begun = time.monotonic()
            assert (await client.get(url)).content == CONTENT
            assert time.monotonic() - begun >= 0.5
            part = await client.get(url, headers={"Range": "bytes=101000-"})
            assert (part.status_code, part.content) == (206, CONTENT[101_000:])
            assert served.bites(name) == 3  # the redirect, and each answer of the storage
            served.rules.remove(name)
            assert (await client.get(path, headers=own)).content == CONTENT
            begun = time.monotonic()
            assert (await client.get(url)).content == CONTENT
            assert time.monotonic() - begun < 0.4

    run(main())


def test_whoever_has_no_ticket_for_it_is_refused(tmp_path: Path) -> None:
    """As an object store does: a ticket is for one content and for GET, and cannot be guessed."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            path = f"/v2/app/blobs/{served.put_blob(CONTENT)}"
            other = f"/v2/app/blobs/{served.put_blob(b'other')}"
            served.rule(Redirect(first_byte_s=0, bytes_per_s=1 << 30), kinds=BLOBS)
            url = httpx.URL((await client.get(path)).headers["location"])
            refused = [
                await client.get(url.copy_with(query=None)),
                await client.get(url.copy_set_param("ticket", "guess")),
                await client.get(url.copy_with(path=other)),
                await client.get(url.copy_with(path="/v2/")),
                await client.post(url),
                await client.head(url),
            ]
            assert [answer.status_code for answer in refused] == [403] * len(refused)
            assert b"<Code>AccessDenied</Code>" in refused[0].content
            assert digest_of((await client.get(url)).content) == digest_of(CONTENT)

    run(main())
