"""Asks one registry, which may be slow, broken or hostile: bounded in bytes and in time."""

import hashlib
import json
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx

from harness.registry_client.ask_error import AskError, Failure
from harness.registry_client.limits import AskLimits
from harness.registry_client.login import Login
from harness.registry_client.transport import Leave, Order, Transport, anybody, bounded

MANIFEST_BYTES: Final = 4 << 20  # distribution-spec v1.1: larger ones need not be accepted
_DOCUMENT_BYTES: Final = 8 << 20  # of a page of a list
_OK, _NOT_FOUND = 200, 404
_LIMITS: Final = AskLimits()


@dataclass(frozen=True, kw_only=True)
class RegistryResponse:
    """An answer's head, and its body where one was read. Header names are lower case."""

    status: int
    headers: httpx.Headers
    body: bytes = b""

    @property
    def length_bytes(self) -> int | None:
        text = self.headers.get("content-length", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004  fits 64 bits


@dataclass(frozen=True, kw_only=True)
class BlobResponse:
    """What a blob turned out to be."""

    status: int
    digest: str = ""
    size_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class RegistryClient:
    """Every method raises AskError when there is no answer."""

    transport: Transport

    async def ask(
        self,
        method: str,
        place: str,
        scope: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: Path | None = None,
        limit_bytes: int = _DOCUMENT_BYTES,
    ) -> RegistryResponse:
        """The answer at `place`, a path or a URL; a body is read of what GET finds.

        `content`: the file that is the request's body.
        """
        order = Order(
            method=method, place=place, scope=scope, headers=headers or {}, content=content
        )
        async with self.transport.asked(order) as (answer, deadline):
            good = answer.status_code == _OK and method == "GET"
            body = await bounded(answer, limit_bytes, deadline) if good else b""
            return RegistryResponse(status=answer.status_code, headers=answer.headers, body=body)

    async def blob(self, path: str, scope: str, algorithm: str, limit_bytes: int) -> BlobResponse:
        """GET of a blob, hashed on its way; what is longer than `limit_bytes` is left there."""
        order = Order(method="GET", place=path, scope=scope)
        async with self.transport.asked(order) as (answer, deadline):
            if answer.status_code != _OK:
                return BlobResponse(status=answer.status_code)
            seen, size = hashlib.new(algorithm), 0
            async for part in answer.aiter_raw():
                deadline.moved(len(part))
                seen.update(part)
                size += len(part)
                if size > limit_bytes:
                    break
            digest = f"{algorithm}:{seen.hexdigest()}"
            return BlobResponse(status=_OK, digest=digest, size_bytes=size)

    async def pages(self, path: str, scope: str, query: str = "") -> AsyncIterator[dict[str, Any]]:
        """The objects of the list at `path`, one a page. LookupError: there is no such list."""
        limits = self.transport.limits
        ends_s, seen = time.monotonic() + limits.list_s, set[int]()
        asked: str | None = query
        while asked is not None:
            if hash(asked) in seen:
                raise AskError(Failure.MALFORMED, f"GET {path}: its pages turn in a circle")
            if len(seen) >= limits.pages:
                raise AskError(Failure.TOO_LONG, f"GET {path}: more than {len(seen):,} pages")
            if seen and time.monotonic() > ends_s:
                said = f"GET {path}: not whole within {limits.list_s:g} s"
                raise AskError(Failure.TOO_LONG, said)
            seen.add(hash(asked))
            answer = await self.ask("GET", f"{path}?{asked}" if asked else path, scope)
            yield _listed(answer, path)
            asked = _next(answer, path)


@asynccontextmanager
async def registry_client(
    base: httpx.URL,
    login: Login,
    *,
    trust: ssl.SSLContext,
    limits: AskLimits = _LIMITS,
    leave: Leave = anybody,
    denied_is_error: bool = False,
) -> AsyncIterator[RegistryClient]:
    """A client of the registry at `base`, open until the end of the block.

    `leave` is asked before another host is; `denied_is_error`: 401 and 403 raise.
    """
    # Without a second try no connection may be one that the registry is closing just then.
    kept = httpx.Limits(max_keepalive_connections=20 if limits.tries > 1 else 0)
    timeout = httpx.Timeout(None, connect=limits.connect_s)
    async with httpx.AsyncClient(
        verify=trust,
        trust_env=False,
        timeout=timeout,
        limits=kept,
        headers={"User-Agent": "registry-harness"},
    ) as http:
        transport = Transport(
            http=http,
            base=base,
            login=login,
            limits=limits,
            leave=leave,
            denied=(401, 403) if denied_is_error else (),
        )
        yield RegistryClient(transport=transport)


def path_of(kind: str, repository: str, reference: str = "") -> str:
    """`/v2/<repository>/<kind>/<reference>`, with whatever a path cannot hold escaped."""
    path = f"/v2/{quote(repository)}/{kind}"
    return f"{path}/{quote(reference, safe=':')}" if reference else path


def _listed(answer: RegistryResponse, path: str) -> dict[str, Any]:
    if answer.status == _NOT_FOUND:
        raise LookupError(path)
    if answer.status != _OK:
        raise AskError(Failure.UNREADABLE, f"GET {path}: {answer.status}")
    try:
        data = json.loads(answer.body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise AskError(Failure.MALFORMED, f"GET {path}: is no JSON object")
    return data


def _next(answer: RegistryResponse, path: str) -> str | None:
    """The query of the next page, from the Link header: only ever more of the same list."""
    link: str = answer.headers.get("link", "")
    target, found, rest = link.partition(">")
    if not found or 'rel="next"' not in rest.replace("'", '"').replace("rel=next", 'rel="next"'):
        return None
    place = urlsplit(target.strip().removeprefix("<"))
    if not place.path.endswith(path) or not place.query.isascii() or " " in place.query:
        raise AskError(Failure.MALFORMED, f"GET {path}: Link leads to {target[:200]!r}")
    return place.query
