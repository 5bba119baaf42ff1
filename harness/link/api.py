"""Toxiproxy 2.12's HTTP API (api.go, proxy_collection.go, toxic_collection.go) as an ASGI app.

It answers as Toxiproxy does, errors included. On top it refuses what a web page could send (a
foreign Host, an Origin), and everything without its token when it has one.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from http import HTTPStatus
from typing import Any, Final

from harness.link.address import normal_address, split_address
from harness.link.body import (
    ApiError,
    Body,
    Message,
    Receive,
    WantedProxy,
    parse_object,
    read_body,
    take,
    take_attributes,
    take_lifetime,
)
from harness.link.flow import Budget
from harness.link.proxy import Proxy
from harness.link.request_guard import refuse_foreign
from harness.link.response import Send, send_content, send_error
from harness.link.toxic_chain import STREAMS, Toxic
from harness.link.toxics import TOXICS

SPOKEN_VERSION: Final = "2.12.0"

ApiResponse = tuple[int, Any]
Handler = Callable[..., Awaitable[ApiResponse]]

_BAD_STREAM: Final = "stream was invalid, can be either upstream or downstream"
_BAD_TYPE: Final = "invalid toxic type"


class LinkApi:
    """The proxies, and what the API does with them."""

    def __init__(self, *, seed: int = 0, token: str = "") -> None:
        self.proxies: dict[str, Proxy] = {}
        self._seed = seed
        self._token = token
        self._budget = Budget()
        self._one_at_a_time = asyncio.Lock()
        one, two = r"/proxies/(?P<proxy>[^/]+)", r"/toxics/(?P<toxic>[^/]+)"
        self._routes: list[tuple[re.Pattern[str], dict[str, Handler]]] = [
            (re.compile("/version"), {"GET": self._version}),
            (re.compile("/reset"), {"POST": self._reset}),
            (re.compile("/populate"), {"POST": self._populate}),
            (re.compile("/proxies"), {"GET": self._index, "POST": self._create}),
            (
                re.compile(one),
                {
                    "GET": self._show,
                    "POST": self._update,
                    "PATCH": self._update,
                    "DELETE": self._delete,
                },
            ),
            (re.compile(one + "/toxics"), {"GET": self._toxics, "POST": self._add_toxic}),
            (
                re.compile(one + two),
                {
                    "GET": self._toxic,
                    "POST": self._update_toxic,
                    "PATCH": self._update_toxic,
                    "DELETE": self._remove_toxic,
                },
            ),
            (re.compile("/harness/bites"), {"GET": self._bites}),
        ]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request, as ASGI wants it."""
        if scope["type"] != "http":
            return
        try:
            refuse_foreign(dict(scope["headers"]), token=self._token)
            handler, names = self._find(scope["method"], scope["path"])
            raw = await read_body(receive)
            async with self._one_at_a_time:
                status, content = await handler(raw, **names)
        except ApiError as error:
            await send_error(send, error)
            return
        await send_content(send, status, content)

    async def close(self) -> None:
        """End all proxies."""
        for proxy in self.proxies.values():
            await proxy.close()

    def _find(self, method: str, path: str) -> tuple[Handler, dict[str, str]]:
        for pattern, handlers in self._routes:
            if match := pattern.fullmatch(path):
                if method not in handlers:
                    raise ApiError("", HTTPStatus.METHOD_NOT_ALLOWED, plain=True)
                return handlers[method], match.groupdict()
        raise ApiError("404 page not found", HTTPStatus.NOT_FOUND, plain=True)

    async def _version(self, _raw: bytes) -> ApiResponse:
        return HTTPStatus.OK, f'{{"version": "{SPOKEN_VERSION}"}}\n'.encode()

    async def _bites(self, _raw: bytes) -> ApiResponse:
        return HTTPStatus.OK, {
            name: {toxic: asdict(tally) for toxic, tally in proxy.toxics.tallies.items()}
            for name, proxy in self.proxies.items()
        }

    async def _reset(self, _raw: bytes) -> ApiResponse:
        for proxy in self.proxies.values():
            await _enable(proxy)
            for toxic in proxy.toxics:
                proxy.toxics.remove(toxic)
        return HTTPStatus.NO_CONTENT, None

    async def _index(self, _raw: bytes) -> ApiResponse:
        return HTTPStatus.OK, {name: proxy.as_json() for name, proxy in self.proxies.items()}

    async def _create(self, raw: bytes) -> ApiResponse:
        body = parse_object(raw)
        wanted = WantedProxy.read(body, where="")
        if wanted.name in self.proxies:
            raise _exists("proxy")
        return HTTPStatus.CREATED, (await self._start(wanted)).as_json()

    async def _populate(self, raw: bytes) -> ApiResponse:
        done: list[Proxy] = []
        complaint: Body = {}
        status = HTTPStatus.CREATED.value
        try:
            for wanted in WantedProxy.read_all(raw):
                proxy = await self._put(wanted)
                done.append(proxy)
        except ApiError as error:
            status = error.status
            complaint = {"error": error.message, "status": error.status}
        made = [proxy.as_json() for proxy in done]
        return status, {**complaint, "proxies": made or None}  # null for none, as in Go

    async def _put(self, wanted: "WantedProxy") -> Proxy:
        existing = self.proxies.get(wanted.name)
        if existing is not None:
            if (existing.listen, existing.upstream) == (
                normal_address(wanted.listen),
                wanted.upstream,
            ):
                return existing
            await existing.close()
        return await self._start(wanted)

    async def _start(self, wanted: "WantedProxy") -> Proxy:
        proxy = Proxy(
            wanted.name, wanted.listen, wanted.upstream, seed=self._seed, budget=self._budget
        )
        await proxy.resolve()
        if wanted.enabled:
            await _enable(proxy)
        self.proxies[wanted.name] = proxy
        return proxy

    async def _show(self, _raw: bytes, proxy: str) -> ApiResponse:
        return HTTPStatus.OK, self._proxy(proxy).as_json()

    async def _update(self, raw: bytes, proxy: str) -> ApiResponse:
        found = self._proxy(proxy)
        body = parse_object(raw)
        listen = take(body, "listen", str, found.listen)
        upstream = take(body, "upstream", str, found.upstream)
        enabled = take(body, "enabled", bool, found.enabled)
        dropping = take(body, "harness_drop_new", bool)
        limit_s = take_lifetime(body)
        if (normal_address(listen), upstream) != (found.listen, found.upstream):
            await found.close()
            found.listen, found.upstream = listen, upstream
            await found.resolve()
        if dropping is not None:
            found.drop_new(lifetime_s=limit_s) if dropping else found.let_in()
        elif enabled:
            await _enable(found)
        else:
            tally = take(body, "harness_tally", str, "down")
            await found.disable(lifetime_s=limit_s, tally=tally)
        return HTTPStatus.OK, found.as_json()

    async def _delete(self, _raw: bytes, proxy: str) -> ApiResponse:
        await self._proxy(proxy).close()
        del self.proxies[proxy]
        return HTTPStatus.NO_CONTENT, None

    async def _toxics(self, _raw: bytes, proxy: str) -> ApiResponse:
        return HTTPStatus.OK, [toxic.as_json() for toxic in self._proxy(proxy).toxics.in_order()]

    async def _add_toxic(self, raw: bytes, proxy: str) -> ApiResponse:
        found = self._proxy(proxy)
        body = parse_object(raw)
        kind = take(body, "type", str, "")
        stream = take(body, "stream", str, "downstream")
        name = take(body, "name", str, "") or f"{kind}_{stream}"
        if stream not in STREAMS:
            raise ApiError(_BAD_STREAM, HTTPStatus.BAD_REQUEST)
        if kind not in TOXICS:
            raise ApiError(_BAD_TYPE, HTTPStatus.BAD_REQUEST)
        if any(toxic.name == name for toxic in found.toxics):
            raise _exists("toxic")
        toxic = Toxic(
            name=name,
            type=kind,
            stream=stream,
            toxicity=take(body, "toxicity", float, 1.0),
            attributes=take_attributes(body, dict.fromkeys(TOXICS[kind].attributes, 0)),
            tally=found.toxics.tally(name),
        )
        found.toxics.add(toxic, lifetime_s=take_lifetime(body))
        return HTTPStatus.OK, toxic.as_json()

    async def _toxic(self, _raw: bytes, proxy: str, toxic: str) -> ApiResponse:
        return HTTPStatus.OK, self._toxic_of(self._proxy(proxy), toxic).as_json()

    async def _update_toxic(self, raw: bytes, proxy: str, toxic: str) -> ApiResponse:
        on = self._proxy(proxy)
        found = self._toxic_of(on, toxic)
        body = parse_object(raw)
        attributes = take_attributes(body, found.attributes)
        found.toxicity = take(body, "toxicity", float, found.toxicity)
        found.attributes = attributes
        on.toxics.update(found)
        return HTTPStatus.OK, found.as_json()

    async def _remove_toxic(self, _raw: bytes, proxy: str, toxic: str) -> ApiResponse:
        on = self._proxy(proxy)
        on.toxics.remove(self._toxic_of(on, toxic))
        return HTTPStatus.NO_CONTENT, None

    def _proxy(self, name: str) -> Proxy:
        if name not in self.proxies:
            raise _not_found("proxy")
        return self.proxies[name]

    def _toxic_of(self, proxy: Proxy, name: str) -> Toxic:
        for toxic in proxy.toxics:
            if toxic.name == name:
                return toxic
        raise _not_found("toxic")


def _not_found(what: str) -> ApiError:
    return ApiError(f"{what} not found", HTTPStatus.NOT_FOUND)


def _exists(what: str) -> ApiError:
    return ApiError(f"{what} already exists", HTTPStatus.CONFLICT)


async def _enable(proxy: Proxy) -> None:
    """Listen, or answer as Toxiproxy does when it cannot: 500."""
    try:
        await proxy.enable()
    except ValueError as error:
        reason = f": {error}"
    except socket.gaierror as error:
        reason = f": lookup {split_address(proxy.listen)[0]}: {(error.strerror or '').lower()}"
    except OSError as error:
        address = error.filename or proxy.listen
        reason = f" {address}: bind: {(error.strerror or str(error)).lower()}"
    else:
        return
    raise ApiError(f"listen tcp{reason}", HTTPStatus.INTERNAL_SERVER_ERROR)
