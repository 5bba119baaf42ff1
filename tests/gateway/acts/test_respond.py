"""An answer of a rule's own, as a client sees it."""

from pathlib import Path

from harness.oci.digest import digest_of
from harness.seams import RequestKind, Respond
from tests.registry_server import PASSWORD, USER, run, serving

CONTENT = bytes(number * 13 % 251 for number in range(257)) * 12_000  # 3 MB: several chunks


def test_respond(tmp_path: Path) -> None:
    """Status, headers and body are as told; the connection is good for the next request."""
    act = Respond(
        status=403, headers=(("X-Quota", "full"), ("Content-Length", "9")), body='{"errors":[]}'
    )

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            name = served.rule(act, kinds=(RequestKind.UPLOAD,))
            path = "/v2/app/blobs/uploads/"
            answer = await client.post(path, params={"digest": digest_of(CONTENT)}, content=CONTENT)
            assert (answer.status_code, answer.json()) == (403, {"errors": []})
            assert answer.headers["x-quota"] == "full"
            assert answer.headers["content-type"] == "application/json"
            assert answer.headers["harness-bitten-by"] == name
            head = await client.head(path)
            assert (head.status_code, head.content) == (403, b"")
            assert (await client.get("/v2/")).status_code == 200

    run(main())


def test_respond_behind_login(tmp_path: Path) -> None:
    """Who has no token is challenged as ever; who has one meets the rule, whatever is there."""
    act = Respond(status=404, body='{"errors":[]}', behind_login=True)

    async def main() -> None:
        async with serving(tmp_path, guarded=True) as served, served.client() as client:
            here = f"/v2/app/blobs/{served.put_blob(CONTENT)}"
            scope = {"scope": "repository:app:pull"}
            token = (await client.get("/token", params=scope, auth=(USER, PASSWORD))).json()
            name = served.rule(act)
            for method in ("GET", "HEAD"):
                assert (await client.request(method, here)).status_code == 401
            assert served.bites(name) == 0
            client.headers["Authorization"] = f"Bearer {token['token']}"
            for path in (here, f"/v2/app/blobs/sha256:{'0' * 64}", "/v2/app/manifests/v1"):
                answer = await client.get(path)
                assert (answer.status_code, answer.json()) == (404, {"errors": []})
                assert (await client.head(path)).status_code == 404
            assert served.bites(name) == 6
            served.rules.remove(name)
            assert (await client.get(here)).content == CONTENT

    run(main())
