"""Pulling over HTTP: manifests, blobs, ranges and the errors of each."""

import asyncio
import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.oci.digest import digest_of
from harness.oci.media_types import DOCKER_MANIFEST, OCI_MANIFEST
from tests.registry_server import Served, serving
from tests.registry_server import error_of as code

MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "layers": []}).encode()
DIGEST = digest_of(MANIFEST)
UNKNOWN = f"sha256:{'0' * 64}"


def put_manifest(served: Served, content: bytes = MANIFEST, tag: str = "v1") -> str:
    digest = digest_of(content)
    served.registry.content.write(digest, content)
    served.registry.index.add_manifest("app", digest, OCI_MANIFEST, tags=[tag])
    return digest


def test_manifest_by_tag_and_digest(tmp_path: Path) -> None:
    """GET and HEAD by both give type, length and digest; HEAD no body."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            put_manifest(served)
            for reference in ("v1", DIGEST):
                got = await client.get(f"/v2/app/manifests/{reference}")
                head = await client.head(f"/v2/app/manifests/{reference}")
                assert (got.status_code, got.content) == (200, MANIFEST)
                assert (head.status_code, head.content) == (200, b"")
                for answer in (got, head):
                    assert answer.headers["content-type"] == OCI_MANIFEST
                    assert answer.headers["content-length"] == str(len(MANIFEST))
                    assert answer.headers["docker-content-digest"] == DIGEST

    asyncio.run(main())


def test_accept_decides(tmp_path: Path) -> None:
    """A client that does not take the stored type is told so; wildcards take all."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            put_manifest(served)
            for accept in ("", "*/*", "application/*;q=0.5", f"text/x, {OCI_MANIFEST}"):
                got = await client.get("/v2/app/manifests/v1", headers={"Accept": accept})
                assert got.status_code == 200, accept
            two = [("Accept", DOCKER_MANIFEST), ("Accept", OCI_MANIFEST)]
            assert (await client.get("/v2/app/manifests/v1", headers=two)).status_code == 200
            other = await client.get("/v2/app/manifests/v1", headers={"Accept": DOCKER_MANIFEST})
            assert code(other) == (404, "MANIFEST_UNKNOWN")

    asyncio.run(main())


def test_blob_with_head_and_range(tmp_path: Path) -> None:
    """A blob comes whole or in part, with the headers of each."""
    content = bytes(range(256)) * 16

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            path = f"/v2/app/blobs/{served.put_blob(content)}"
            whole = await client.get(path)
            assert (whole.status_code, whole.content) == (200, content)
            assert whole.headers["accept-ranges"] == "bytes"
            head = await client.head(path, headers={"Range": "bytes=0-0"})
            assert (head.status_code, head.headers["content-length"]) == (200, "4096")
            part = await client.get(path, headers={"Range": "bytes=100-199"})
            assert (part.status_code, part.content) == (206, content[100:200])
            assert part.headers["content-range"] == "bytes 100-199/4096"
            beyond = await client.get(path, headers={"Range": "bytes=4096-"})
            assert code(beyond) == (416, "RANGE_INVALID")
            assert beyond.headers["content-range"] == "bytes */4096"

    asyncio.run(main())


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ranges=st.lists(st.tuples(st.integers(0, 3 << 20), st.integers(1, 2 << 20)), max_size=3))
def test_parts_make_the_whole(tmp_path: Path, ranges: list[tuple[int, int]]) -> None:
    """Whatever part is asked for, across chunk borders too, is the one of the blob."""
    content = bytes(number * 7 % 251 for number in range(5)) * 600_001

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            path = f"/v2/app/blobs/{served.put_blob(content)}"
            for first, length in ranges:
                header = {"Range": f"bytes={first}-{first + length - 1}"}
                answer = await client.get(path, headers=header)
                wanted = content[first : first + length]
                assert answer.status_code == (206 if wanted else 416)
                assert not wanted or answer.content == wanted

    asyncio.run(main())


def test_empty_blob(tmp_path: Path) -> None:
    """Nothing is content too."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            answer = await client.get(f"/v2/app/blobs/{served.put_blob(b'')}")
            assert (answer.status_code, answer.headers["content-length"]) == (200, "0")

    asyncio.run(main())


def test_what_changes_on_disk_is_seen(tmp_path: Path) -> None:
    """A stored manifest or blob that is changed, or gone, is served as it is now."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            put_manifest(served)
            file = served.file(DIGEST)
            assert (await client.get("/v2/app/manifests/v1")).content == MANIFEST
            file.write_bytes(b"other content")
            assert (await client.get("/v2/app/manifests/v1")).content == b"other content"
            file.unlink()
            assert code(await client.get("/v2/app/manifests/v1")) == (404, "MANIFEST_UNKNOWN")
            blob = served.put_blob(b"layer")
            served.file(blob).unlink()
            assert code(await client.get(f"/v2/app/blobs/{blob}")) == (404, "BLOB_UNKNOWN")

    asyncio.run(main())
