"""Access records."""

import asyncio
import json
from pathlib import Path
from typing import Any

from harness.gateway.access_log import AccessLog
from harness.seams import Respond, Truncate
from tests.registry_server import eventually, read_raw, run, serving

COLUMNS = [
    "at_s",
    "node",
    "kind",
    "method",
    "path",
    "repository",
    "status",
    "bytes",
    "range",
    "duration_s",
    "first_byte_s",
    "bitten_by",
    "ended",
    "user_agent",
]


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_request_is_recorded(tmp_path: Path) -> None:
    """One line each, with what was asked, by which node, and what came of it; never a secret."""

    async def main() -> None:
        async with serving(tmp_path) as served:
            digest = served.put_blob(b"0123456789")
            path = f"/v2/app/blobs/{digest}"
            served.rule(Respond(status=503, body="busy"), nodes=("n1",))
            async with served.client("n0") as client:
                headers = {
                    "Authorization": "Bearer t0p-s3cret",
                    "Range": "bytes=2-5",
                    "User-Agent": 'con"tainerd\t/2',
                }
                await client.get(path, headers=headers)
                await client.get(
                    "/token?scope=repository:team/app:pull&secret=h1dden", auth=("u", "p4ssword")
                )
                await client.get("/v2/caf%C3%A9%0A/tags/list")
            async with served.client("n1") as client:
                await client.head(path)

    asyncio.run(main())
    seen = records(tmp_path / "access.jsonl")
    assert all(list(record) == COLUMNS for record in seen)
    assert [record["node"] for record in seen] == ["n0", "n0", "n0", "n1"]
    assert [record["kind"] for record in seen] == ["blob", "token", "tags", "blob"]
    first, token, strange, last = seen
    assert (first["status"], first["bytes"], first["range"]) == (206, 4, "bytes=2-5")
    assert first["user_agent"] == 'con"tainerd\t/2'
    assert 0 <= first["first_byte_s"] <= first["duration_s"] < 5
    assert first["ended"] == "ok"
    assert (token["path"], token["repository"]) == ("/token", "team/app")
    assert strange["path"] == "/v2/café\n/tags/list"
    assert (last["status"], last["method"], last["bitten_by"]) == (503, "HEAD", "fault-0")
    text = (tmp_path / "access.jsonl").read_text()
    for secret in ("t0p-s3cret", "p4ssword", "h1dden"):
        assert secret not in text


def test_broken_answers_are_recorded_as_such(tmp_path: Path) -> None:
    """An answer cut by a rule, and one whose client went away, are told from whole ones."""
    content = b"x" * (64 << 20)

    async def main() -> None:
        async with serving(tmp_path) as served:
            path = f"/v2/app/blobs/{served.put_blob(content)}"
            _, writer = await asyncio.open_connection("127.0.0.1", served.ports["n0"])
            writer.write(f"GET {path} HTTP/1.1\r\nHost: r\r\n\r\n".encode())
            await asyncio.sleep(0.1)
            writer.transport.abort()

            async def is_recorded() -> bool:
                served.log.flush()
                return len(records(tmp_path / "access.jsonl")) == 1

            await eventually(is_recorded)
            served.rule(Truncate(keep_share=0.25))
            await read_raw(served.ports["n0"], path)

    run(main())
    gone, cut = records(tmp_path / "access.jsonl")
    assert (gone["ended"], cut["ended"]) == ("client_gone", "cut")
    assert 0 < gone["bytes"] < len(content)
    assert cut["bytes"] == len(content) // 4
    assert cut["status"] == 200


def test_full_disk_loses_records_but_not_requests(tmp_path: Path) -> None:
    """The registry goes on answering when its records cannot be written."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            full = AccessLog(Path("/dev/full"), 0.0)
            served.log._file, full._file = full._file, served.log._file
            await client.get("/v2/")
            served.log.flush()
            served.log._file, full._file = full._file, served.log._file
            full.close()
            assert (await client.get("/v2/")).status_code == 200

    asyncio.run(main())
    assert len(records(tmp_path / "access.jsonl")) == 1
