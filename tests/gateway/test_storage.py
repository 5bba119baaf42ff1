"""The storage server gives content to whoever has the URL, and to nobody else."""

from pathlib import Path

import httpx

from harness.oci.digest import digest_of
from harness.seams import Redirect, RequestKind
from tests.registry_server import run, serving

CONTENT = bytes(number * 7 % 253 for number in range(253)) * 400  # 101,200 B
BLOBS = (RequestKind.BLOB,)


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
