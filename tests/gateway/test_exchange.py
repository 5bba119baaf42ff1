"""Acts that go together in one exchange."""

from pathlib import Path

from harness.seams import MisdirectToken, MislabelDigest
from tests.registry_server import PASSWORD, USER, run, serving

CONTENT = bytes(number * 13 % 251 for number in range(257)) * 12_000  # 3 MB: several chunks


def test_headers_are_changed_and_counted(tmp_path: Path) -> None:
    """The realm of a challenge, and the digest of content; answers without them are no bite."""

    async def main() -> None:
        async with serving(tmp_path, guarded=True) as served, served.client() as client:
            realm = served.rule(MisdirectToken(path="/elsewhere"))
            digest = served.rule(MislabelDigest(says="missing"))
            answer = await client.get("/v2/")
            assert answer.status_code == 401
            assert f'realm="{served.url()}/elsewhere"' in answer.headers["www-authenticate"]
            assert answer.headers["harness-bitten-by"] == realm
            scope = {"scope": "repository:app:pull"}
            token = (await client.get("/token", params=scope, auth=(USER, PASSWORD))).json()
            path = f"/v2/app/blobs/{served.put_blob(CONTENT)}"
            bearer = {"Authorization": f"Bearer {token['token']}"}
            answer = await client.get(path, headers=bearer)
            assert answer.content == CONTENT
            assert "docker-content-digest" not in answer.headers
            assert [served.bites(name) for name in (realm, digest)] == [1, 1]

    run(main())
