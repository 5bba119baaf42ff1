"""Quotas that the registry keeps by itself, over HTTP to its own process."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from harness.oci.digest import digest_of
from harness.oci.media_types import OCI_MANIFEST
from harness.registry.profile import Limits, ProfileName
from harness.registry.profiles import PROFILES
from harness.registry.quotas import _size
from tests.registry.test_profile import TAG, client, opened, said, token
from tests.registry_server import eventually

ROOM = Limits(storage_bytes=200_000)


@asynccontextmanager
async def limited(
    folder: Path, profile: ProfileName, limits: Limits, *, auth: str = "none"
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a registry whose run has begun."""
    async with opened(folder, profile, limits=limits, auth=auth) as (room, _), client(room) as http:
        for _ in range(3):  # what comes before the run is free
            await http.get(TAG)
        await room.set_clock(time.monotonic())
        yield http


async def push(http: httpx.AsyncClient, content: bytes, repository: str = "new") -> httpx.Response:
    place = (await http.post(f"/v2/{repository}/blobs/uploads/")).headers["location"]
    return await http.put(place, params={"digest": digest_of(content)}, content=content)


def test_docker_hub_counts_reads_of_manifests(tmp_path: Path) -> None:
    """GET and not HEAD; every answer says what is left, then 429 with nobody's own words."""

    async def main() -> None:
        async with limited(tmp_path, "docker_hub", Limits(pulls=2, window_s=60)) as http:
            assert (await http.head(TAG)).headers["ratelimit-remaining"] == "2;w=60"
            left = [(await http.get(TAG)).headers["ratelimit-remaining"] for _ in range(2)]
            assert left == ["1;w=60", "0;w=60"]
            refused = await http.get(TAG)
            assert (refused.status_code, refused.headers["ratelimit-limit"]) == (429, "2;w=60")
            assert refused.headers["docker-ratelimit-source"] == "127.0.0.1"
            assert "unauthenticated pull rate limit" in said(refused)
            assert (await http.head(TAG)).status_code == 200
            assert (await http.get("/v2/team/app/tags/list")).status_code == 200

    asyncio.run(main())


def test_pulls_are_counted_by_account_and_window(tmp_path: Path) -> None:
    """An account has its own share, told in other words; a new window begins anew."""

    async def main() -> None:
        limits = Limits(pulls=1, window_s=2)
        async with limited(tmp_path, "docker_hub", limits, auth="token") as http:
            http.headers["Authorization"] = f"Bearer {await token(http, 'docker_hub')}"
            answers = [await http.get(TAG), await http.get(TAG)]
            while answers[-1].status_code == 200:  # a window may have ended between them
                answers.append(await http.get(TAG))
            assert said(answers[-1]).startswith("You have reached your pull rate limit. You may")

            async def passes() -> bool:
                return (await http.get(TAG)).status_code == 200

            await eventually(passes)

    asyncio.run(main())


def test_too_many_requests_are_refused_in_its_words(tmp_path: Path) -> None:
    """All requests together; one second's worth may come at once."""
    told: dict[ProfileName, tuple[str, str]] = {
        "ghcr": ("application/json", "retry-after: 500000.000µs, allowed: 120/minute"),
        "docker_hub": ("text/plain; charset=utf-8", "429 Too Many Requests"),
    }

    async def main(profile: ProfileName, kind: str, message: str) -> None:
        folder = tmp_path / profile
        folder.mkdir()
        async with limited(folder, profile, Limits(requests_per_s=2)) as http:
            answers = [await http.get("/v2/") for _ in range(8)]
            assert [it.status_code for it in answers[:2]] == [200, 200]
            refused = next(it for it in answers if it.status_code == 429)
            assert (refused.headers["content-type"], said(refused)) == (kind, message)

    for profile, (kind, message) in told.items():
        asyncio.run(main(profile, kind, message))


def test_storage_is_refused_when_the_blob_is_closed(tmp_path: Path) -> None:
    """Content that is there already costs nothing, deleted content makes room."""

    async def main() -> None:
        async with limited(tmp_path, "harbor", ROOM) as http:
            first, second = b"a" * 60_000, b"b" * 60_000
            assert (await push(http, first)).status_code == 201
            refused = await push(http, second)
            assert refused.status_code == 403
            assert said(refused).startswith(
                "Quota exceeded when processing the request of adding 58.6 KiB of storage"
            )
            assert said(refused).endswith("configured upper limit of 195.3 KiB.")
            assert (await push(http, first, "another")).status_code == 201
            for repository in ("new", "another"):
                path = f"/v2/{repository}/blobs/{digest_of(first)}"
                assert (await http.delete(path)).status_code == 202
            assert (await push(http, second)).status_code == 201

    asyncio.run(main())


def test_tags_are_limited_in_each_repository(tmp_path: Path) -> None:
    """A tag may move, and another repository has its own; ECR refuses without a word of why."""

    async def main() -> None:
        async with limited(tmp_path, "ecr", Limits(tags=2)) as http:
            http.headers["Content-Type"] = OCI_MANIFEST

            async def tagged(name: str) -> tuple[int, str]:
                answer = await http.put(f"/v2/{name}", content=b'{"schemaVersion":2}')
                return answer.status_code, answer.text

            assert (await tagged("team/app/manifests/v2"))[0] == 201
            assert await tagged("team/app/manifests/v3") == (403, "403 Forbidden")
            assert (await tagged("team/app/manifests/v2"))[0] == 201
            assert (await tagged("other/manifests/v1"))[0] == 201

    asyncio.run(main())


def test_sizes_read_as_harbors() -> None:
    """One decimal, and no unit above TiB."""
    sizes = {0: "0.0 B", 1023: "1023.0 B", 29 << 20: "29.0 MiB", 3 << 50: "3072.0 TiB"}
    assert {count: _size(count) for count in sizes} == sizes
    assert PROFILES["acr"].limits.storage_bytes == 40 << 40
