"""Speaks with a Toxiproxy server, real or embedded, through toxiproxy-python.

The library (0.1.1) is used for its calls and classes; its defects are worked around here:

- its server address is one class attribute for the whole process, it knows no timeouts, obeys
  HTTP_PROXY and lets most failures pass: its one way to the wire, `APIConsumer`, is replaced by
  `_Consumer`, which asks the calling context for the server and turns failures into `LinkError`;
- its `populate` destroys proxies whose address is only written differently, and needs two requests
  a proxy: `LinkControl.populate` uses the server's own `/populate`;
- its `version` gives raw JSON, and nothing when only IPv6 answers: `LinkControl.version` reads it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx
import toxiproxy.api
import toxiproxy.proxy
import toxiproxy.server

from harness.process.child import ChildError

# Above the server's own limit for one request (Toxiproxy 2.12, api.go: wait_timeout 30 s,
# handlers 25 s), so that its answer, not our patience, decides.
_ANSWER_S = 30.0
_CONNECT_S = 3.0


class LinkError(ChildError):
    """The link cannot do what was requested. One sentence; `status` 0 when no answer came."""

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class _Call:
    """Where the library's calls go in this context, and what is added to every body."""

    client: httpx.Client
    extra: Mapping[str, Any]


_call: ContextVar[_Call | None] = ContextVar("link_call", default=None)
_library_consumer = toxiproxy.api.APIConsumer


class _Consumer:
    """Stands in for the library's `APIConsumer`, and hands on to it outside a `LinkControl`."""

    @staticmethod
    def get(url: str, params: Any = None, **kwargs: Any) -> Any:
        if _call.get() is None:
            return _library_consumer.get(url, params=params, **kwargs)
        return _send("GET", url)

    @staticmethod
    def delete(url: str, **kwargs: Any) -> Any:
        if _call.get() is None:
            return _library_consumer.delete(url, **kwargs)
        return _send("DELETE", url)

    @staticmethod
    def post(url: str, data: Any = None, json: Any = None, **kwargs: Any) -> Any:
        call = _call.get()
        if call is None:
            return _library_consumer.post(url, data=data, json=json, **kwargs)
        if isinstance(json, dict):
            json = {**json, **call.extra}
        return _send("POST", url, json)


toxiproxy.proxy.APIConsumer = _Consumer
toxiproxy.server.APIConsumer = _Consumer


def _send(method: str, path: str, body: Any = None) -> httpx.Response:
    call = _call.get()
    assert call is not None
    try:
        response = call.client.request(method, path, json=body)
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise LinkError(f"link: {call.client.base_url} does not answer: {reason}") from error
    if response.is_success:
        return response
    raise LinkError(
        f"link: {method} {path} was answered {response.status_code}: {_complaint(response)}",
        status=response.status_code,
    )


def _complaint(response: httpx.Response) -> str:
    """The server's own words; its errors are JSON under `text/plain`."""
    try:
        return str(response.json()["error"])
    except (ValueError, KeyError, TypeError):
        return response.text.strip()[:200] or response.reason_phrase


class LinkControl:
    """One Toxiproxy server. Every method blocks, may be called in any thread, raises LinkError.

    `token` is sent as a bearer token: the embedded server wants one, a real one passes it over.
    """

    def __init__(self, url: str, *, token: str = "") -> None:
        self.url = url
        headers = {"User-Agent": "registry-harness"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        timeout = httpx.Timeout(_ANSWER_S, connect=_CONNECT_S)
        self._client = httpx.Client(
            base_url=url, headers=headers, timeout=timeout, trust_env=False, follow_redirects=False
        )

    def close(self) -> None:
        self._client.close()

    @contextmanager
    def _speaking(self, **extra: Any) -> Iterator[toxiproxy.server.Toxiproxy]:
        """The library's client of this server, for this context and this block."""
        call = _call.set(_Call(self._client, extra))
        try:
            yield toxiproxy.server.Toxiproxy()
        finally:
            _call.reset(call)

    def version(self) -> str:
        """`2.12.0`; `git` from a Toxiproxy that was built without a stamp."""
        with self._speaking():
            response = _send("GET", "/version")
        try:
            return str(response.json()["version"])
        except (ValueError, KeyError, TypeError):
            raise LinkError(f"link: {self.url} is no Toxiproxy: /version has no version") from None

    def proxies(self) -> dict[str, Any]:
        """The server's proxies by name, each with `listen`, `upstream`, `enabled` and `toxics`."""
        with self._speaking():
            found: dict[str, Any] = _send("GET", "/proxies").json()
        return found

    def populate(self, proxies: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Create `proxies` (`name`, `listen`, `upstream`) in one request; addresses by name."""
        with self._speaking():
            response = _send("POST", "/populate", [dict(proxy) for proxy in proxies])
        made = response.json()["proxies"] or []  # null for none
        return {proxy["name"]: proxy["listen"] for proxy in made}

    def add_toxic(
        self, proxies: Sequence[str], toxic: Mapping[str, Any], *, added: list[str], **extra: Any
    ) -> None:
        """Add `toxic` to each of `proxies`, whose names go into `added` before each is asked."""
        with self._speaking(**extra) as server:
            for proxy in self._chosen(server, proxies):
                added.append(proxy.name)
                proxy.add_toxic(**toxic)

    def remove_toxic(self, proxies: Sequence[str], toxic: str) -> None:
        """Remove the toxic called `toxic`; one that is gone already is no error."""
        self._each(proxies, lambda proxy: proxy.destroy_toxic(toxic))

    def disable(self, proxies: Sequence[str], *, disabled: list[str], **extra: Any) -> None:
        """Stop listening and end the open connections; names go into `disabled` before each."""
        with self._speaking(**extra) as server:
            for proxy in self._chosen(server, proxies):
                disabled.append(proxy.name)
                proxy.disable()

    def enable(self, proxies: Sequence[str]) -> None:
        """Listen again."""
        self._each(proxies, lambda proxy: proxy.enable())

    def drop_new(self, proxies: Sequence[str], *, dropping: list[str], **extra: Any) -> None:
        """Embedded server only: leave new clients without an answer; names go into `dropping`."""
        with self._speaking():
            for name in proxies:
                dropping.append(name)
                _send("POST", f"/proxies/{name}", {"harness_drop_new": True, **extra})

    def let_in(self, proxies: Sequence[str]) -> None:
        """Embedded server only: accept new clients again."""
        self._each(
            proxies,
            lambda proxy: _send("POST", f"/proxies/{proxy.name}", {"harness_drop_new": False}),
        )

    def bites(self) -> dict[str, Any]:
        """Embedded server only: what each toxic changed, by proxy and name, also removed ones."""
        with self._speaking():
            counted: dict[str, Any] = _send("GET", "/harness/bites").json()
        return counted

    def _chosen(self, server: Any, names: Sequence[str]) -> list[Any]:
        known = server.proxies()
        if missing := [name for name in names if name not in known]:
            raise LinkError(f"link: has no proxy {missing[0]!r}", status=HTTPStatus.NOT_FOUND)
        return [known[name] for name in names]

    def _each(self, names: Sequence[str], undo: Any) -> None:
        """Undo on every proxy, also when some fail; then raise the first failure."""
        failures: list[LinkError] = []
        with self._speaking():
            for name in names:
                proxy = toxiproxy.proxy.Proxy(name=name, upstream="", enabled=True, listen="")
                try:
                    undo(proxy)
                except LinkError as error:
                    if error.status != HTTPStatus.NOT_FOUND:
                        failures.append(error)
        if failures:
            raise failures[0]
