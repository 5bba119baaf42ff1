"""Every act, as a client sees it on a real socket."""

import asyncio
import re
import time
from pathlib import Path

import pytest

from harness.oci.digest import digest_of
from harness.seams import (
    Corrupt,
    Delay,
    MisdirectToken,
    MislabelDigest,
    RateLimit,
    RefuseToken,
    RequestKind,
    Respond,
    SkewClock,
    Truncate,
    Watch,
)
from tests.registry_server import PASSWORD, USER, eventually, read_raw, run, serving

CONTENT = bytes(number * 13 % 251 for number in range(257)) * 12_000  # 3 MB: several chunks
MANIFESTS = (RequestKind.MANIFEST,)


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


def test_delay_holds_the_first_byte_and_heals(tmp_path: Path) -> None:
    """An answer is late by the delay; those still held when the rule goes are let go."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            short = served.rule(Delay(first_byte_s=0.3), nodes=("n0",))
            began_s = time.monotonic()
            assert (await client.get("/v2/")).status_code == 200
            assert time.monotonic() - began_s >= 0.3
            served.rules.remove(short)
            long = served.rule(Delay(first_byte_s=3600))
            asking = asyncio.ensure_future(client.get("/v2/"))

            async def is_held() -> bool:
                return served.bites(long) == 1

            await eventually(is_held)
            served.rules.remove(long)
            answer = await asyncio.wait_for(asking, 5)
            assert answer.headers["harness-bitten-by"] == long

    run(main())


def test_rate_limit(tmp_path: Path) -> None:
    """Beyond the limit 429 with its body and headers; HEAD passes and is not counted."""
    act = RateLimit(limit=2, window_s=3600, retry_after_s=9, headers="docker_hub", message="Slow.")

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            name = served.rule(act, kinds=MANIFESTS)
            path = "/v2/app/manifests/v1"
            assert (await client.head(path)).headers["ratelimit-remaining"] == "2;w=3600"
            for left in (1, 0):
                answer = await client.get(path)
                assert answer.status_code == 404
                assert answer.headers["ratelimit-limit"] == "2;w=3600"
                assert answer.headers["ratelimit-remaining"] == f"{left};w=3600"
                assert answer.headers["docker-ratelimit-source"] == "127.0.0.1"
                assert "harness-bitten-by" not in answer.headers
            over = await client.get(path)
            assert over.status_code == 429
            assert over.headers["retry-after"] == "9"
            assert over.headers["harness-bitten-by"] == name
            assert over.json() == {"errors": [{"code": "TOOMANYREQUESTS", "message": "Slow."}]}
            assert (await client.head(path)).status_code == 404
            assert served.bites(name) == 1

    run(main())


def test_rate_limit_of_nothing_counts_head_when_it_is_named(tmp_path: Path) -> None:
    """With limit 0 all are refused, HEAD too if the rule names it; no headers unless asked."""

    async def main() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            served.rule(RateLimit(limit=0, window_s=60), methods=("GET", "HEAD"))
            for method in ("GET", "HEAD"):
                answer = await client.request(method, "/v2/")
                assert answer.status_code == 429
                assert "retry-after" not in answer.headers
                assert "ratelimit-limit" not in answer.headers

    run(main())


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


def test_skewed_clock_refuses_good_tokens(tmp_path: Path) -> None:
    """As invalid, with a challenge; what carries none meets the registry's own."""

    async def main() -> None:
        async with serving(tmp_path, guarded=True) as served, served.client() as client:
            token = (await client.get("/token", auth=(USER, PASSWORD))).json()["token"]
            bearer = {"Authorization": f"Bearer {token}"}
            name = served.rule(SkewClock(ahead_s=-600, leeway_s=60))
            answer = await client.get("/v2/", headers=bearer)
            assert answer.status_code == 401
            assert 'error="invalid_token"' in answer.headers["www-authenticate"]
            assert "error" not in (await client.get("/v2/")).headers["www-authenticate"]
            assert served.bites(name) == 1
            served.rules.remove(name)
            assert (await client.get("/v2/", headers=bearer)).status_code == 200

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
