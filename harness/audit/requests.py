"""Reading from a registry that is not trusted: bounded, patient with limits, never changing it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import httpx

from harness.audit.findings import Check, TroubleError
from harness.audit.login import Authorizer, Login, bounded
from harness.oci.media_types import CONTAINERD_ACCEPT
from harness.oci.reference import is_host

DOCUMENT_BYTES: Final = 8 << 20  # of a page of a list
_TRIES: Final = 4
_AGAIN_AFTER_S: Final = 0.3  # doubles
_RETRY_AFTER_MAX_S: Final = 30.0
_REDIRECTS_MAX: Final = 10  # as Go's client
_BODY_TIMEOUT_S: Final = 900.0
_TIMEOUTS: Final = httpx.Timeout(30.0, connect=10.0)
_BUSY: Final = frozenset({429, 500, 502, 503, 504})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_UNAUTHORIZED: Final = 401
_CREDENTIALS_REFUSED: Final = frozenset({401, 403})
# Ways for what comes from the network to be no answer; ValueError: URLs and headers that are none.
_NO_ANSWER: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError, OSError)


@dataclass(frozen=True, kw_only=True)
class RegistryResponse:
    """An answer's head, and its body where one was read. Header names are lower case."""

    status: int
    headers: httpx.Headers
    body: bytes = b""

    @property
    def length_bytes(self) -> int | None:
        text = self.headers.get("content-length", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None  # noqa: PLR2004  no int of a thousand digits


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a blob turned out to be."""

    status: int
    digest: str
    size_bytes: int


class Wire:
    """Asks one registry. Every method raises TroubleError when there is no answer."""

    def __init__(self, client: httpx.AsyncClient, base: httpx.URL, login: Login) -> None:
        self._client = client
        self._base = base
        self._authorizer = Authorizer(client, login, secure=base.scheme == "https")
        self.requests = 0

    async def head(self, path: str, scope: str) -> RegistryResponse:
        """HEAD of a manifest or blob."""
        return await self._whole("HEAD", path, scope, 0)

    async def document(
        self, path: str, scope: str, limit_bytes: int = DOCUMENT_BYTES
    ) -> RegistryResponse:
        """GET of what is small."""
        return await self._whole("GET", path, scope, limit_bytes)

    async def content(self, path: str, scope: str, algorithm: str, limit_bytes: int) -> Content:
        """GET of a blob, hashed on its way; what is longer than `limit_bytes` is left there."""
        async with self._asked("GET", path, scope) as answer:
            seen, size = hashlib.new(algorithm), 0
            if answer.status_code != httpx.codes.OK:
                return Content(status=answer.status_code, digest="", size_bytes=0)
            async for part in answer.aiter_raw(1 << 20):
                seen.update(part)
                size += len(part)
                if size > limit_bytes:
                    break
            digest = f"{algorithm}:{seen.hexdigest()}"
            return Content(status=answer.status_code, digest=digest, size_bytes=size)

    async def _whole(
        self, method: str, path: str, scope: str, limit_bytes: int
    ) -> RegistryResponse:
        async with self._asked(method, path, scope) as answer:
            good = answer.status_code == httpx.codes.OK
            body = await bounded(answer, limit_bytes) if good and method == "GET" else b""
            return RegistryResponse(status=answer.status_code, headers=answer.headers, body=body)

    @asynccontextmanager
    async def _asked(self, method: str, path: str, scope: str) -> AsyncIterator[httpx.Response]:
        """The answer that remains after credentials, redirects and tries again."""
        url = self._base.copy_with(raw_path=path.encode("ascii"))
        try:
            async with asyncio.timeout(_BODY_TIMEOUT_S):
                answer = await self._patiently(method, url, scope)
                try:
                    yield answer
                finally:
                    await answer.aclose()
        except TimeoutError:
            said = f"{method} {path}: not whole within {_BODY_TIMEOUT_S:g} s"
            raise TroubleError(Check.UNREADABLE, said) from None
        except _NO_ANSWER as error:
            raise _trouble(f"{method} {path}", error) from error

    async def _patiently(self, method: str, url: httpx.URL, scope: str) -> httpx.Response:
        logged_in = False
        for number in range(1, _TRIES + 1):
            try:
                answer = await self._redirected(method, url, scope)
            except httpx.TransportError:
                if number == _TRIES:
                    raise
                await asyncio.sleep(_AGAIN_AFTER_S * 2**number)
                continue
            if answer.status_code == _UNAUTHORIZED and not logged_in:
                logged_in = True
                await answer.aclose()
                self._authorizer.challenged(answer, scope)
                answer = await self._redirected(method, url, scope)
            if answer.status_code in _CREDENTIALS_REFUSED:
                await answer.aclose()
                said = f"{method} {url.path}: {answer.status_code}"
                raise TroubleError(Check.CREDENTIALS, said)
            if answer.status_code not in _BUSY or number == _TRIES:
                return answer
            await answer.aclose()
            await asyncio.sleep(_wait_s(answer, number))
        raise AssertionError("the last try returns or raises")

    async def _redirected(self, method: str, url: httpx.URL, scope: str) -> httpx.Response:
        """One request and what it is redirected to; credentials stay with the registry itself."""
        origin = (url.scheme, url.netloc)
        for _ in range(_REDIRECTS_MAX + 1):
            headers = {"Accept": ", ".join(CONTAINERD_ACCEPT), "Accept-Encoding": "identity"}
            if (url.scheme, url.netloc) == origin:
                headers |= await self._authorizer.header(scope)
            self.requests += 1
            request = self._client.build_request(method, url, headers=headers, timeout=_TIMEOUTS)
            answer = await self._client.send(request, stream=True, follow_redirects=False)
            location = answer.headers.get("location")
            if answer.status_code not in _REDIRECTS or location is None:
                return answer
            await answer.aclose()
            url = url.join(location)
            good = url.scheme in ("http", "https") and is_host(url.netloc.decode("ascii"))
            if not good:
                said = f"{method} {request.url.path}: redirected to {location[:200]!r}"
                raise TroubleError(Check.MALFORMED, said)
        said = f"{method} {request.url.path}: more than {_REDIRECTS_MAX} redirects"
        raise TroubleError(Check.MALFORMED, said)


def path_of(kind: str, repository: str, reference: str = "") -> str:
    """`/v2/<repository>/<kind>/<reference>`, with whatever a path cannot hold escaped."""
    path = f"/v2/{quote(repository)}/{kind}"
    return f"{path}/{quote(reference, safe=':')}" if reference else path


def _wait_s(answer: httpx.Response, number: int) -> float:
    """How long to wait before asking again: what the registry wants, within reason."""
    said: str = answer.headers.get("retry-after", "")
    wanted_s = float(said) if said.isascii() and said.isdigit() and len(said) <= 6 else 0.0  # noqa: PLR2004  more is no time to wait
    return min(_RETRY_AFTER_MAX_S, max(wanted_s, _AGAIN_AFTER_S * float(2**number)))


def _trouble(asked: str, error: Exception) -> TroubleError:
    """An httpx or socket error as a finding: a broken answer is malformed, none is unreadable."""
    broken = (httpx.RemoteProtocolError, httpx.InvalidURL, httpx.UnsupportedProtocol)
    kind = Check.MALFORMED if isinstance(error, broken) else Check.UNREADABLE
    if isinstance(error, UnicodeError | ValueError) and not isinstance(error, httpx.HTTPError):
        kind = Check.MALFORMED
    return TroubleError(kind, f"{asked}: {type(error).__name__}: {str(error)[:300]}")
