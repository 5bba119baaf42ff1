"""What the registry does with requests that no endpoint can serve."""

import asyncio
from pathlib import Path

import pytest

from harness.oci.media_types import OCI_MANIFEST
from tests.registry_server import error_of as code
from tests.registry_server import serving

UNKNOWN = f"sha256:{'0' * 64}"


def test_what_is_not_there(tmp_path: Path) -> None:
    """Every way to miss has its code, never a 500."""
    table = [
        ("GET", "/v2/app/manifests/v2", 404, "MANIFEST_UNKNOWN"),
        ("GET", f"/v2/app/manifests/sha256:{'1' * 64}", 404, "MANIFEST_UNKNOWN"),
        ("GET", "/v2/app/manifests/sha256:x", 400, "DIGEST_INVALID"),
        ("GET", "/v2/app/manifests/-bad", 404, "TAG_INVALID"),
        ("GET", "/v2/none/manifests/v1", 404, "NAME_UNKNOWN"),
        ("GET", "/v2/App/manifests/v1", 400, "NAME_INVALID"),
        ("GET", "/v2/..%2f..%2fetc/blobs/passwd", 400, "NAME_INVALID"),
        ("GET", "/v2/a%0d%0aX:%20y/manifests/v1", 400, "NAME_INVALID"),
        ("GET", f"/v2/{'a' * 256}/manifests/v1", 400, "NAME_INVALID"),
        ("GET", f"/v2/app/blobs/{UNKNOWN}", 404, "BLOB_UNKNOWN"),
        ("GET", f"/v2/none/blobs/{UNKNOWN}", 404, "BLOB_UNKNOWN"),
        ("GET", "/v2/app/blobs/md5:00", 400, "DIGEST_INVALID"),
        ("GET", "/v2/app/blobs/sha256:..%2f..%2fx", 404, "UNSUPPORTED"),
        ("GET", "/", 404, "UNSUPPORTED"),
        ("GET", "/v2/app", 404, "UNSUPPORTED"),
        ("POST", "/v2/app/manifests/v1", 405, "UNSUPPORTED"),
        ("PATCH", f"/v2/app/blobs/{UNKNOWN}", 405, "UNSUPPORTED"),
        ("DELETE", "/v2/", 405, "UNSUPPORTED"),
        ("GET", "/v2/app/tags/list?n=x", 400, "PAGINATION_NUMBER_INVALID"),
    ]

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            served.registry.index.add_manifest("app", UNKNOWN, OCI_MANIFEST, tags=["v1"])
            for method, path, status, error in table:
                answer = await client.request(method, path)
                assert code(answer) == (status, error), (method, path)

    asyncio.run(main())


@pytest.mark.parametrize(
    "request_line",
    [b"GET / HTTP/9\r\n\r\n", b"\x16\x03\x01\x02\x00", b"GET \xff\xfe HTTP/1.1\r\n\r\n"],
)
def test_what_is_not_http_gets_400(tmp_path: Path, request_line: bytes) -> None:
    """Rubbish ends its own connection and nothing else."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.ports["n0"])
            writer.write(request_line)
            assert b" 400 " in await asyncio.wait_for(reader.read(), 5)
            writer.close()
            await writer.wait_closed()
            assert (await client.get("/v2/")).status_code == 200

    asyncio.run(main())
