"""A refused token, as a client sees it."""

import re
from pathlib import Path

import pytest

from harness.seams import RefuseToken
from tests.registry_server import run, serving

CONTENT = bytes(number * 13 % 251 for number in range(257)) * 12_000  # 3 MB: several chunks


@pytest.mark.parametrize("error", ["invalid_token", None])
def test_refuse_token(tmp_path: Path, error: str | None) -> None:
    """The challenge is a fresh one for the repository, with or without its error."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            served.rule(RefuseToken(error=error), authenticated=True)
            digest = served.put_blob(CONTENT, "team/app")
            path = f"/v2/team/app/blobs/{digest}"
            assert (await client.get(path)).status_code == 200
            answer = await client.get(path, headers={"Authorization": "Bearer x"})
            assert answer.status_code == 401
            challenge = answer.headers["www-authenticate"]
            parts = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
            assert parts["realm"] == f"{served.url()}/token"
            assert parts["scope"] == "repository:team/app:pull"
            assert parts.get("error") == error
            bad_name = await client.get(
                "/v2/a%22b%0a/tags/list", headers={"Authorization": "Bearer x"}
            )
            assert bad_name.status_code == 401
            assert (await client.get("/token", auth=("a", "b"))).status_code == 401

    run(main())
