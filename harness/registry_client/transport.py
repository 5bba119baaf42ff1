"""Requests to one registry, with a login where it wants one, and never longer than the limits."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from harness.oci.media_types import CONTAINERD_ACCEPT
from harness.oci.reference import is_host
from harness.registry_client.ask_error import AskError, Failure
from harness.registry_client.limits import AskLimits, Deadline
from harness.registry_client.login import Authorizer, Login

_TOKEN_BYTES: Final = 1 << 20
_PART_BYTES: Final = 128 << 10  # of an upload
_AGAIN_AFTER_S: Final = 0.3  # doubles
_RETRY_AFTER_MAX_S: Final = 30.0
_REDIRECTS_MAX: Final = 10  # as Go's client
_BUSY: Final = frozenset({429, 500, 502, 503, 504})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_UNAUTHORIZED: Final = 401
_READING: Final = ("GET", "HEAD")
_HEADERS: Final = {"Accept": ", ".join(CONTAINERD_ACCEPT), "Accept-Encoding": "identity"}
# Ways for what comes from the network to be no answer; ValueError: URLs and headers that are none.
_NO_ANSWER: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError, OSError)

Leave = Callable[[str, str], None]  # of a URL and what names it: raises AskError when it is refused


def anybody(url: str, named_by: str) -> None:
    """Leave to follow an answer to whomever it names."""
    del url, named_by


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is asked for. `place`: a path or a URL."""

    method: str
    place: str
    scope: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: Path | None = None


@dataclass(kw_only=True)
class Transport:
    """Sends to the registry at `base` as `login`; `leave` is asked before another host is.

    `denied`: the statuses that are an error.
    """

    http: httpx.AsyncClient
    base: httpx.URL
    login: Login
    limits: AskLimits
    leave: Leave
    denied: tuple[int, ...]
    requests: int = 0

    def __post_init__(self) -> None:
        self._authorizer = Authorizer(self.base, self.login)

    @asynccontextmanager
    async def asked(self, order: Order) -> AsyncIterator[tuple[httpx.Response, Deadline]]:
        """The answer that remains after credentials, redirects and tries again."""
        deadline = Deadline(self.limits)
        what = f"{order.method} {urlsplit(order.place).path}"
        try:
            async with deadline.timeout:
                answer = await self._patiently(order, deadline)
                try:
                    if answer.status_code in self.denied:
                        raise AskError(Failure.CREDENTIALS, f"{what}: {answer.status_code}")
                    yield answer, deadline
                finally:
                    await answer.aclose()
        except TimeoutError:
            raise AskError(Failure.UNREADABLE, f"{what}: {deadline.text}") from None
        except _NO_ANSWER as error:
            raise _failure(what, error) from error

    async def _patiently(self, order: Order, deadline: Deadline) -> httpx.Response:
        for number in range(1, self.limits.tries + 1):
            wait_s = _AGAIN_AFTER_S * 2**number
            try:
                answer = await self._logged_in(order, deadline)
            except httpx.TransportError:
                if number == self.limits.tries:
                    raise
            else:
                if answer.status_code not in _BUSY or number == self.limits.tries:
                    return answer
                await answer.aclose()
                wait_s = max(wait_s, _retry_after_s(answer))
            deadline.renew(wait_s)
            await asyncio.sleep(wait_s)
        raise AssertionError("the last try returns or raises")

    async def _logged_in(self, order: Order, deadline: Deadline) -> httpx.Response:
        answer = await self._followed(order, deadline)
        # only the registry's own challenge: another host's realm would be sent the password
        if answer.status_code == _UNAUTHORIZED and self._is_own(answer.url):
            await answer.aclose()
            self._authorizer.challenged(answer, order.scope)
            answer = await self._followed(order, deadline)
        return answer

    def _is_own(self, url: httpx.URL) -> bool:
        return (url.scheme, url.netloc) == (self.base.scheme, self.base.netloc)

    async def _followed(self, order: Order, deadline: Deadline) -> httpx.Response:
        """One request and what it is redirected to; credentials stay with the registry itself."""
        method, url = order.method, self.base.join(order.place)
        for _ in range(_REDIRECTS_MAX + 1):
            headers = {**_HEADERS, **order.headers}
            if self._is_own(url):
                ask = partial(self._ask_tokens, deadline)
                headers |= await self._authorizer.headers(order.scope, ask)
            else:
                self.leave(str(url), "Location")
            answer = await self._send(method, url, headers, order.content, deadline)
            location = answer.headers.get("location", "")
            if answer.status_code not in _REDIRECTS or not location or method not in _READING:
                return answer
            await answer.aclose()
            url = url.join(location)
            if url.scheme not in ("http", "https") or not is_host(url.netloc.decode("ascii")):
                said = f"{method} {order.place}: redirected to {location[:200]!r}"
                raise AskError(Failure.MALFORMED, said)
        said = f"{method} {order.place}: more than {_REDIRECTS_MAX} redirects"
        raise AskError(Failure.MALFORMED, said)

    async def _ask_tokens(
        self, deadline: Deadline, url: httpx.URL, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        if url.netloc != self.base.netloc:
            self.leave(str(url), "realm")
        answer = await self._send("GET", url, headers, None, deadline)
        try:
            return answer.status_code, await bounded(answer, _TOKEN_BYTES, deadline)
        finally:
            await answer.aclose()

    async def _send(
        self,
        method: str,
        url: httpx.URL,
        headers: Mapping[str, str],
        content: Path | None,
        deadline: Deadline,
    ) -> httpx.Response:
        deadline.renew()
        self.requests += 1
        body = None
        if content is not None:
            size = (await asyncio.to_thread(content.stat)).st_size
            headers = {**headers, "Content-Length": str(size)}
            body = _parts(content, deadline)
        request = self.http.build_request(method, url, headers=headers, content=body)
        answer = await self.http.send(request, stream=True, follow_redirects=False)
        deadline.renew()
        return answer


async def bounded(answer: httpx.Response, limit_bytes: int, deadline: Deadline) -> bytes:
    """The body as it was sent. Raises AskError when it is longer than the limit."""
    body = bytearray()
    async for part in answer.aiter_raw():
        deadline.moved(len(part))
        body += part
        if len(body) > limit_bytes:
            said = f"{answer.request.url.path[:200]}: a body of more than {limit_bytes} bytes"
            raise AskError(Failure.MALFORMED, said)
    return bytes(body)


async def _parts(content: Path, deadline: Deadline) -> AsyncIterator[bytes]:
    with content.open("rb") as file:
        while part := await asyncio.to_thread(file.read, _PART_BYTES):
            yield part
            deadline.moved(len(part))
    deadline.renew()


def _retry_after_s(answer: httpx.Response) -> float:
    """How long the registry wants to be left alone, within reason."""
    said: str = answer.headers.get("retry-after", "")
    wanted_s = float(said) if said.isascii() and said.isdigit() and len(said) <= 6 else 0.0  # noqa: PLR2004  more is no time to wait
    return min(_RETRY_AFTER_MAX_S, wanted_s)


def _failure(asked: str, error: Exception) -> AskError:
    """An httpx or socket error: a broken answer is malformed, none is unreadable."""
    broken = (httpx.RemoteProtocolError, httpx.InvalidURL, httpx.UnsupportedProtocol)
    kind = Failure.MALFORMED if isinstance(error, broken) else Failure.UNREADABLE
    if isinstance(error, UnicodeError | ValueError) and not isinstance(error, httpx.HTTPError):
        kind = Failure.MALFORMED
    return AskError(kind, f"{asked}: {type(error).__name__}: {str(error)[:300]}")
