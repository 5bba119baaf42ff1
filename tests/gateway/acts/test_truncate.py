"""A body that ends too early, as a client sees it."""

from pathlib import Path

from harness.seams import Truncate
from tests.registry_server import read_raw, run, serving

CONTENT = bytes(number * 13 % 251 for number in range(257)) * 12_000  # 3 MB: several chunks


def test_truncate_keeps_its_place_under_ranges(tmp_path: Path) -> None:
    """What lies before the cut comes whole; who resumes at the cut gets nothing more."""
    half = len(CONTENT) // 2

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            path = f"/v2/app/blobs/{served.put_blob(CONTENT)}"
            name = served.rule(Truncate(keep_share=0.5))
            before = await client.get(path, headers={"Range": f"bytes=0-{half - 1}"})
            assert before.content == CONTENT[:half]
            head, body, _ = await read_raw(served.ports["n0"], path, f"bytes={half}-")
            assert head.startswith(b"http/1.1 206")
            assert body == b""
            _, across, _ = await read_raw(served.ports["n0"], path, f"bytes={half - 100}-")
            assert across == CONTENT[half - 100 : half]
            assert served.bites(name) == 2

    run(main())
