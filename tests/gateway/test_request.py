"""Requests as rules see them."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message

from harness.gateway.request import GatewayRequest
from harness.seams import RequestKind


def scope(method: str, path: str, query: bytes = b"", **headers: str) -> dict[str, Any]:
    return {
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }


@pytest.mark.parametrize(
    ("path", "kind", "repositories", "reference"),
    [
        ("/v2/", RequestKind.PING, ("",), ""),
        ("/v2/a/b/manifests/v1", RequestKind.MANIFEST, ("a/b",), "v1"),
        ("/v2/a/blobs/sha256:0", RequestKind.BLOB, ("a",), "sha256:0"),
        ("/v2/a/blobs/uploads/s1", RequestKind.UPLOAD, ("a",), "s1"),
        ("/v2/a/tags/list", RequestKind.TAGS, ("a",), ""),
        ("/v2/a/referrers/sha256:0", RequestKind.REFERRERS, ("a",), "sha256:0"),
        ("/token", RequestKind.TOKEN, ("",), ""),
        ("/v2/_catalog", RequestKind.OTHER, ("",), ""),
        ("/favicon.ico", RequestKind.OTHER, ("",), ""),
    ],
)
def test_kind(path: str, kind: RequestKind, repositories: tuple[str, ...], reference: str) -> None:
    """Each path has its kind, repository and reference."""
    request = GatewayRequest(scope("GET", path), "n0")
    assert (request.kind, request.repositories, request.reference) == (
        kind,
        repositories,
        reference,
    )


def test_key_forgets_random_names() -> None:
    """Two uploads of one repository ask the same; two blobs, methods or nodes do not."""

    def key(method: str, path: str, node: str = "n0") -> str:
        return GatewayRequest(scope(method, path), node).key

    uploads = "/v2/a/blobs/uploads/"
    assert key("PUT", f"{uploads}s1") == key("PUT", f"{uploads}s2") == f"PUT {uploads} n0"
    keys = {
        key("GET", "/v2/a/blobs/sha256:0"),
        key("HEAD", "/v2/a/blobs/sha256:0"),
        key("GET", "/v2/a/blobs/sha256:1"),
        key("GET", "/v2/a/blobs/sha256:1", "n1"),
    }
    assert len(keys) == 4


def test_authenticated() -> None:
    """Any Authorization header counts."""
    assert GatewayRequest(scope("GET", "/v2/", authorization="Basic x"), "n0").authenticated
    assert not GatewayRequest(scope("GET", "/v2/", host="r"), "n0").authenticated


def test_form_is_read_and_given_on() -> None:
    """The scopes of a form that comes in pieces are known, and the registry receives them all."""
    pieces: list[Message] = [
        {"type": "http.request", "body": b"scope=repository%3Aa%2Fb%3Ap", "more_body": True},
        {"type": "http.request", "body": b"ull&service=x", "more_body": False},
        {"type": "http.disconnect"},
    ]
    rest = list(pieces)

    async def receive() -> Message:
        return rest.pop(0)

    async def main() -> None:
        request = GatewayRequest(scope("POST", "/token", b"scope=repository:c:pull"), "n0")
        again = await request.read_scopes(receive)
        assert request.repositories == ("c", "a/b")
        assert [await again() for _ in pieces] == pieces

    asyncio.run(main())


def test_endless_form_is_not_held() -> None:
    """No more than a form's worth is read ahead, and what was read is still given on."""
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b"x" * 50_000, "more_body": True}

    async def main() -> None:
        again = await GatewayRequest(scope("POST", "/token"), "n0").read_scopes(receive)
        assert taken == 2
        for _ in range(3):
            assert len((await again())["body"]) == 50_000

    asyncio.run(main())
