"""A quota that refuses when it is spent."""

from pathlib import Path

from harness.oci.digest import digest_of
from harness.seams import EgressQuota, RequestKind
from tests.registry_server import error_of, eventually, run, serving

CONTENT = bytes(number * 7 % 253 for number in range(253)) * 400  # 101,200 B
BLOBS = (RequestKind.BLOB,)


def test_a_spent_quota_refuses_until_the_window_is_over(tmp_path: Path) -> None:
    """What was under way when it was spent arrives whole; HEAD and errors cost nothing."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            act = EgressQuota(limit_bytes=len(CONTENT) + 1, window_s=1.5, status=429)
            path = f"/v2/app/blobs/{served.put_blob(CONTENT)}"
            name = served.rule(act, kinds=BLOBS, methods=("GET",))
            assert (await client.get(f"/v2/app/blobs/{digest_of(b'no')}")).status_code == 404
            for _ in range(2):
                assert (await client.get(path)).content == CONTENT
            assert error_of(await client.get(path)) == (429, "TOOMANYREQUESTS")
            assert (await client.head(path)).status_code == 200
            assert served.bites(name) == 1

            async def passes() -> bool:
                return (await client.get(path)).content == CONTENT

            await eventually(passes)

    run(main())


def test_a_refusal_can_be_a_denial(tmp_path: Path) -> None:
    """With its message."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            path = f"/v2/app/blobs/{served.put_blob(CONTENT)}"
            served.rule(EgressQuota(limit_bytes=0, window_s=60, status=403), kinds=BLOBS)
            answer = await client.get(path)
            assert error_of(answer) == (403, "DENIED")
            assert answer.json()["errors"][0]["message"] == "egress quota exceeded"

    run(main())
