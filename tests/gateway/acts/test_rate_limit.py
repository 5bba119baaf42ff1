"""So many requests, then 429."""

from pathlib import Path

from harness.seams import RateLimit, RequestKind
from tests.registry_server import run, serving

MANIFESTS = (RequestKind.MANIFEST,)


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
