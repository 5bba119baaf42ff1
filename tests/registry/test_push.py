"""Pushing over HTTP: manifests, mounts and deletion."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from harness.oci.digest import digest_of
from harness.oci.media_types import OCI_MANIFEST
from tests.registry_server import error_of as code
from tests.registry_server import require_stored, serving

CONTENT = bytes(range(256)) * 8
DIGEST = digest_of(CONTENT)
UPLOADS = "/v2/app/blobs/uploads/"


def image(*layers: str, **fields: Any) -> bytes:
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "layers": [{"digest": digest, "size": 1} for digest in layers],
    }
    return json.dumps(document | fields).encode()


TYPED = {"Content-Type": OCI_MANIFEST}


def test_manifest_after_its_layers(tmp_path: Path) -> None:
    """A manifest is stored by tag or digest once its layers are there, with more tags if asked."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            content = image(DIGEST)
            digest = digest_of(content)
            early = await client.put("/v2/app/manifests/v1", content=content, headers=TYPED)
            assert code(early) == (400, "MANIFEST_BLOB_UNKNOWN")
            assert early.json()["errors"][0]["detail"] == [{"digest": DIGEST}]
            served.put_blob(CONTENT)
            tagged = await client.put("/v2/app/manifests/v1", content=content, headers=TYPED)
            await require_stored(client, tagged, digest)
            by_digest = await client.put(
                f"/v2/app/manifests/{digest}?tag=v2&tag=v3", content=content, headers=TYPED
            )
            assert by_digest.headers.get_list("oci-tag") == ["v2", "v3"]
            assert (await client.get("/v2/app/manifests/v3")).content == content

    asyncio.run(main())


def test_manifest_errors(tmp_path: Path) -> None:
    """A wrong digest, a bad tag, rubbish, and one that is too large."""

    async def huge() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b" " * (1 << 20)

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            path, content = "/v2/app/manifests/", image()
            wrong = await client.put(f"{path}{DIGEST}", content=content, headers=TYPED)
            assert code(wrong) == (400, "DIGEST_INVALID")
            bad = await client.put(f"{path}-bad", content=content, headers=TYPED)
            assert code(bad) == (400, "TAG_INVALID")
            rubbish = await client.put(f"{path}v1", content=b"<", headers=TYPED)
            assert code(rubbish) == (400, "MANIFEST_INVALID")
            for body in (b" " * ((4 << 20) + 1), huge()):
                large = await client.put(f"{path}v1", content=body, headers=TYPED)
                assert code(large) == (413, "SIZE_INVALID")
            exact = content + b" " * ((4 << 20) - len(content))
            fits = await client.put(f"{path}v1", content=exact, headers=TYPED)
            assert fits.status_code == 201

    asyncio.run(main())


def test_mount(tmp_path: Path) -> None:
    """A blob of another repository is taken over; one that is not there is uploaded instead."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            served.put_blob(CONTENT, "source")
            for query in ({"mount": DIGEST, "from": "source"}, {"mount": DIGEST}):
                mounted = await client.post(UPLOADS, params=query)
                await require_stored(client, mounted, DIGEST)
                await client.delete(f"/v2/app/blobs/{DIGEST}")
            for query in ({"mount": DIGEST, "from": "none"}, {"mount": digest_of(b"no")}):
                instead = await client.post(UPLOADS, params=query)
                assert instead.status_code == 202
                assert instead.headers["location"].startswith(UPLOADS)

    asyncio.run(main())


def test_deletion(tmp_path: Path) -> None:
    """A tag goes alone, a manifest with its tags; content goes with its last repository."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            content = image()
            digest = digest_of(content)
            for tag in ("v1", "v2"):
                await client.put(f"/v2/app/manifests/{tag}", content=content, headers=TYPED)
            assert (await client.delete("/v2/app/manifests/v1")).status_code == 202
            assert code(await client.get("/v2/app/manifests/v1")) == (404, "MANIFEST_UNKNOWN")
            assert (await client.delete(f"/v2/app/manifests/{digest}")).status_code == 202
            assert code(await client.get("/v2/app/manifests/v2")) == (404, "MANIFEST_UNKNOWN")
            served.put_blob(CONTENT, "app")
            served.put_blob(CONTENT, "other")
            assert (await client.delete(f"/v2/app/blobs/{DIGEST}")).status_code == 202
            assert (await client.get(f"/v2/other/blobs/{DIGEST}")).content == CONTENT
            assert (await client.delete(f"/v2/other/blobs/{DIGEST}")).status_code == 202
            assert not served.file(DIGEST).exists()
            assert code(await client.delete(f"/v2/app/blobs/{DIGEST}")) == (404, "BLOB_UNKNOWN")

    asyncio.run(main())
