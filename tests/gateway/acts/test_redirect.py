"""Redirected blobs: given out elsewhere, slowly."""

import time
from pathlib import Path
from urllib.parse import urlsplit

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
