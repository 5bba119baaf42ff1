"""Answers that are counted and not changed."""

from pathlib import Path

from harness.seams import Watch
from tests.registry_server import run, serving

CONTENT = bytes(number * 13 % 251 for number in range(257)) * 12_000  # 3 MB: several chunks


def test_watch_counts_what_was_served(tmp_path: Path) -> None:
    """Nothing changes; only bodies that went out are counted."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            digest = served.put_blob(CONTENT)
            name = served.rule(Watch(), digests=(digest,))
            path = f"/v2/app/blobs/{digest}"
            await client.head(path)
            answer = await client.get(path)
            assert answer.content == CONTENT
            assert answer.headers["harness-bitten-by"] == name
            await client.get(path, headers={"Range": "bytes=99999999-"})
            assert served.bites(name) == 1

    run(main())


def test_watch_counts_other_answers(tmp_path: Path) -> None:
    """What was found, also by HEAD, or what was missing."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            found = served.rule(Watch(answers="found"))
            missing = served.rule(Watch(answers="missing"))
            here = f"/v2/app/blobs/{served.put_blob(CONTENT)}"
            for path in (here, f"/v2/app/blobs/sha256:{'0' * 64}"):
                await client.head(path)
                await client.get(path)
            await client.post("/v2/app/blobs/uploads/")
            assert [served.bites(name) for name in (found, missing)] == [2, 2]

    run(main())
