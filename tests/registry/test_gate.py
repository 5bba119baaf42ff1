"""Authentication over HTTP: challenges, the token endpoint's flows, and what tokens open."""

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx

from harness.oci.digest import digest_of
from tests.registry_server import PASSWORD, USER, eventually, serving

UNKNOWN = f"sha256:{'0' * 64}"
BLOB = f"/v2/app/blobs/{UNKNOWN}"
MANY = f"/v2/app/manifests/{UNKNOWN}"


def challenge(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["code"] == "UNAUTHORIZED"
    scheme, _, rest = answer.headers["www-authenticate"].partition(" ")
    assert scheme == "Bearer"
    return dict(re.findall(r'(\w+)="([^"]*)"', rest))


async def token(client: httpx.AsyncClient, scope: str, **changes: Any) -> dict[str, Any]:
    settings: dict[str, Any] = {"params": {"scope": scope}, "auth": (USER, PASSWORD)}
    answer = await client.get("/token", **(settings | changes))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def bearer(answer: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer['token']}"}


def test_challenge_leads_to_a_token_that_opens(tmp_path: Path) -> None:
    """The realm is where the client came from; following it once is enough."""

    async def main() -> None:
        async with serving(tmp_path, guarded=True) as served, served.client("n1") as client:
            asked = challenge(await client.get(BLOB))
            assert asked == {
                "realm": f"{served.url('n1')}/token",
                "service": "harness-registry",
                "scope": "repository:app:pull",
            }
            got = await client.get(asked.pop("realm"), params=asked, auth=(USER, PASSWORD))
            assert got.json()["expires_in"] == 300
            assert re.fullmatch(r"[\d-]{10}T[\d:]{8}Z", got.json()["issued_at"])
            opened = await client.get(BLOB, headers=bearer(got.json()))
            assert opened.json()["errors"][0]["code"] == "BLOB_UNKNOWN"

    asyncio.run(main())


def test_challenges_name_scope_and_error(tmp_path: Path) -> None:
    """Each action asks for its scope; a bad and a narrow token get the error that fits."""

    async def main() -> None:
        async with serving(tmp_path, guarded=True) as served, served.client() as client:
            assert "scope" not in challenge(await client.get("/v2/"))
            upload = challenge(await client.post("/v2/app/blobs/uploads/"))
            assert upload["scope"] == "repository:app:pull,push"
            assert challenge(await client.delete(BLOB))["scope"] == "repository:app:delete"
            catalog = challenge(await client.get("/v2/_catalog"))
            assert catalog["scope"] == "registry:catalog:*"
            bad = challenge(await client.get(BLOB, headers={"Authorization": "Bearer x"}))
            assert bad["error"] == "invalid_token"
            other = bearer(await token(client, "repository:other:pull"))
            assert challenge(await client.get(BLOB, headers=other))["error"] == "insufficient_scope"
            basic = await client.get(BLOB, auth=(USER, PASSWORD))
            assert "error" not in challenge(basic)
            pull = bearer(await token(client, "repository:app:pull"))
            assert (await client.get("/v2/", headers=pull)).status_code == 200
            pushed = await client.post("/v2/app/blobs/uploads/", headers=pull)
            assert challenge(pushed)["error"] == "insufficient_scope"
            listed = bearer(await token(client, "registry:catalog:*"))
            assert (await client.get("/v2/_catalog", headers=listed)).status_code == 200

    asyncio.run(main())


def test_post_flows(tmp_path: Path) -> None:
    """A password and a refresh token both buy a token, several scopes at once."""
    form = {
        "service": "harness-registry",
        "client_id": "c",
        "scope": "repository:a:pull repository:app:pull",
    }
    password = {"grant_type": "password", "username": USER, "password": PASSWORD}

    async def main() -> None:
        async with serving(tmp_path, guarded=True) as served, served.client() as client:
            offline = form | password | {"access_type": "offline"}
            first = (await client.post("/token", data=offline)).json()
            assert first["scope"] == form["scope"]
            refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
            second = await client.post("/token", data=form | refresh)
            for answer in (first, second.json()):
                opened = await client.get(BLOB, headers=bearer(answer))
                assert opened.status_code == 404
            plain = (await client.post("/token", data=form | password)).json()
            assert "refresh_token" not in plain

    asyncio.run(main())


def test_wrong_credentials(tmp_path: Path) -> None:
    """Every wrong way to ask for a token is 401 or 400, and never a token."""

    async def main() -> None:
        async with serving(tmp_path, guarded=True) as served, served.client() as client:
            for auth in ((USER, "no"), ("no", PASSWORD), ("", "")):
                assert (await client.get("/token", auth=auth)).status_code == 401
            for header in ("Basic !!!", "Basic", "Bearer x", "Digest y"):
                got = await client.get("/token", headers={"Authorization": header})
                assert got.status_code == 401, header
            wrong = {"grant_type": "password", "username": USER, "password": "no"}
            assert (await client.post("/token", data=wrong)).status_code == 401
            stale = {"grant_type": "refresh_token", "refresh_token": "x"}
            assert (await client.post("/token", data=stale)).status_code == 401
            assert (await client.post("/token", data={"grant_type": "x"})).status_code == 400
            assert (await client.post("/token", content=b"\xff\xfe")).status_code == 400
            many = "&".join(f"a{number}=1" for number in range(100))
            assert (await client.post("/token", content=many)).status_code == 400
            assert (await client.post("/token", content=b"x" * 100_000)).status_code == 413
            assert (await client.put("/token")).status_code == 405

    asyncio.run(main())


def test_nobody_may_pull_where_it_is_allowed(tmp_path: Path) -> None:
    """An anonymous token pulls from an open registry, and never pushes."""

    async def main() -> None:
        for is_open in (False, True):
            folder = tmp_path / str(is_open)
            folder.mkdir()
            async with (
                serving(folder, guarded=True, anonymous_pull=is_open) as served,
                served.client() as client,
            ):
                header = bearer(await token(client, "repository:app:pull,push", auth=None))
                pulled = await client.get(BLOB, headers=header)
                assert pulled.status_code == (404 if is_open else 401)
                pushed = await client.post("/v2/app/blobs/uploads/", headers=header)
                assert pushed.status_code == 401

    asyncio.run(main())


def test_token_runs_out(tmp_path: Path) -> None:
    """A token past its lifetime is refused as invalid, and a fresh one opens again."""

    async def main() -> None:
        async with (
            serving(tmp_path, guarded=True, lifetime_s=0.5) as served,
            served.client() as client,
        ):
            header = bearer(await token(client, "repository:app:pull"))
            assert (await client.get(BLOB, headers=header)).status_code == 404

            async def is_refused() -> bool:
                return (await client.get(BLOB, headers=header)).status_code == 401

            await eventually(is_refused)
            assert challenge(await client.get(BLOB, headers=header))["error"] == "invalid_token"
            fresh = bearer(await token(client, "repository:app:pull"))
            assert (await client.get(BLOB, headers=fresh)).status_code == 404

    asyncio.run(main())


def test_mount_needs_the_right_to_pull(tmp_path: Path) -> None:
    """A token without the other repository is told to get one with both."""
    content = b"layer"
    query = {"mount": digest_of(content), "from": "source"}

    async def main() -> None:
        async with serving(tmp_path, guarded=True) as served, served.client() as client:
            served.put_blob(content, "source")
            narrow = bearer(await token(client, "repository:app:pull,push"))
            wide = bearer(await token(client, "repository:app:pull,push repository:source:pull"))
            path = "/v2/app/blobs/uploads/"
            asked = challenge(await client.post(path, params=query, headers=narrow))
            assert asked["scope"] == "repository:app:pull,push repository:source:pull"
            assert asked["error"] == "insufficient_scope"
            odd = await client.post(path, params={**query, "from": 'x"y'}, headers=narrow)
            assert odd.status_code == 202
            answer = await client.post(path, params=query, headers=wide)
            assert answer.status_code == 201

    asyncio.run(main())


def test_open_registry_gives_tokens_it_does_not_ask_for(tmp_path: Path) -> None:
    """Without authentication everything opens, and a token is there for who insists."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            assert (await client.get("/v2/")).status_code == 200
            assert (await client.get(MANY)).status_code == 404
            header = bearer(await token(client, "repository:app:pull", auth=("any", "body")))
            assert (await client.get("/v2/", headers=header)).status_code == 200

    asyncio.run(main())
