"""Flipped bytes, as a client sees them."""

from pathlib import Path

from harness.oci.digest import digest_of
from harness.seams import Corrupt
from tests.registry_server import run, serving

CONTENT = bytes(number * 13 % 251 for number in range(257)) * 12_000  # 3 MB: several chunks


def test_corrupt(tmp_path: Path) -> None:
    """The same bytes of the content differ in the whole and in every range, and are few."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            path = f"/v2/app/blobs/{served.put_blob(CONTENT)}"
            name = served.rule(Corrupt(flip_bytes=3), seed=7, step="c-1")
            whole = await client.get(path)
            assert whole.headers["content-length"] == str(len(CONTENT))
            assert whole.headers["docker-content-digest"] == digest_of(CONTENT)
            places = [place for place, byte in enumerate(whole.content) if byte != CONTENT[place]]
            assert len(places) == 3
            first = places[0]
            part = await client.get(path, headers={"Range": f"bytes={first}-{first + 9}"})
            assert part.content == whole.content[first : first + 10]
            assert part.headers["harness-bitten-by"] == name
            before = await client.get(path, headers={"Range": f"bytes=0-{first - 1}"})
            assert before.content == CONTENT[:first]
            assert "harness-bitten-by" not in before.headers
            assert "harness-bitten-by" not in (await client.head(path)).headers
            missing = await client.get(f"/v2/app/blobs/sha256:{'0' * 64}")
            assert "harness-bitten-by" not in missing.headers
            assert served.bites(name) == 2

    run(main())
