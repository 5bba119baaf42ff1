"""A small client of a registry: asks, logs in when challenged, reads no more than it must."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

from harness.gateway.upstream.addresses import AddressError, Addresses, Target, origin_of
from harness.gateway.upstream.http_client import HeaderList, Pool, UpstreamConnection, UpstreamError
from harness.oci.challenge import parse_challenge
from harness.oci.paths import TOKEN_PATH
from harness.oci.tokens import basic_authorization, read_usable_token

_ANSWER_BYTES: Final = 1 << 20  # of an error, a token or a list; whatever is longer is refused
_PART_BYTES: Final = 1 << 20
_ANSWER_S: Final = 60.0
_OWN: Final = "http://own.invalid"  # stands for the gateway's address; nothing is asked there
_OK, _UNAUTHORIZED = 200, 401


class ClientError(Exception):
    """The registry did not do what was asked. One sentence without secrets."""


@dataclass(frozen=True, kw_only=True)
class SmallAnswer:
    """An answer that was read whole. Header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class RegistryClient:
    """Asks the registry of `addresses`. Without `username` nobody logs in."""

    def __init__(self, addresses: Addresses, *, username: str = "", password: str = "") -> None:
        self._addresses = addresses
        self._pool = Pool()
        self._login = (username, password) if username else None
        self._tokens: dict[str, str] = {}

    def close(self) -> None:
        self._pool.close()

    async def ask(
        self,
        method: str,
        path: str,
        *,
        scope: str = "",
        headers: Mapping[str, str] | None = None,
        content: Path | None = None,
    ) -> SmallAnswer:
        """The answer at `path`, with a token for `scope` when one is asked for. Raises ClientError.

        `content`: the file that is the request's body.
        """
        sent = dict(headers or {})
        answer = await self._ask(method, path, sent | self._authorization(scope), content)
        if answer.status != _UNAUTHORIZED:
            return answer
        self._tokens[scope] = await self._token(answer, scope)
        return await self._ask(method, path, sent | self._authorization(scope), content)

    def _authorization(self, scope: str) -> dict[str, str]:
        return {"authorization": self._tokens[scope]} if scope in self._tokens else {}

    async def _token(self, answer: SmallAnswer, scope: str) -> str:
        challenge = parse_challenge(answer.headers.get("www-authenticate", ""))
        if challenge is None:
            raise ClientError("401 without a challenge that is known")
        if challenge.scheme == "basic":
            if self._login is None:
                raise ClientError("401, and there is no login for it")
            return basic_authorization(*self._login)
        query = urlencode(challenge.token_query(scope))
        login = {"authorization": basic_authorization(*self._login)} if self._login else {}
        given = await self._ask("GET", f"{TOKEN_PATH}?{query}", login, None)
        try:
            token = read_usable_token(given.body if given.status == _OK else b"").token
        except ValueError:
            raise ClientError(f"the token service gave no token but {given.status}") from None
        return f"Bearer {token}"

    async def _ask(
        self, method: str, path: str, headers: Mapping[str, str], content: Path | None
    ) -> SmallAnswer:
        what = f"{method} {urlsplit(path).path}"
        try:
            async with asyncio.timeout(_ANSWER_S):
                return await self._exchange(method, path, headers, content)
        except TimeoutError:
            raise ClientError(f"{what}: no answer within {_ANSWER_S:g} s") from None
        except (UpstreamError, AddressError, OSError) as error:
            raise ClientError(f"{what}: {error}") from None

    async def _exchange(
        self, method: str, path: str, headers: Mapping[str, str], content: Path | None
    ) -> SmallAnswer:
        raw_path, _, query = path.encode().partition(b"?")
        target = self._addresses.target(raw_path, query)
        length = 0 if content is None else await asyncio.to_thread(_size_bytes, content)
        lines = _lines(target, headers)
        if content is not None or method in ("POST", "PUT", "PATCH"):
            lines.append((b"content-length", b"%d" % length))
        connection = await self._pool.take(target.origin, fresh=True)
        try:
            connection.begin(method.encode(), target.path, lines)
            if content is not None:
                async for part in _parts(content):
                    await connection.write(part)
            await connection.head()
            return await self._read(connection, path)
        finally:
            connection.close()

    async def _read(self, connection: UpstreamConnection, path: str) -> SmallAnswer:
        body = bytearray()
        while part := await connection.part():
            body += part
            if len(body) > _ANSWER_BYTES:
                raise UpstreamError(f"its answer is longer than {_ANSWER_BYTES >> 20} MiB")
        headers = {
            str(name, "latin-1"): str(value, "latin-1") for name, value in connection.headers
        }
        if "location" in headers:
            own = self._addresses.location(headers["location"], _OWN, urlsplit(path).path)
            headers["location"] = own.removeprefix(_OWN)
        if "www-authenticate" in headers:
            headers["www-authenticate"] = self._addresses.challenge(
                headers["www-authenticate"], _OWN
            )
        return SmallAnswer(status=connection.status, headers=headers, body=bytes(body))


def client_of(url: str, allowed: tuple[str, ...], login: tuple[str, str]) -> RegistryClient:
    """A client of the registry at `url`. Raises AddressError."""
    origin_of(url)
    return RegistryClient(Addresses(url, allowed), username=login[0], password=login[1])


def _lines(target: Target, headers: Mapping[str, str]) -> HeaderList:
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    if not target.trusted:
        sent = [(name, value) for name, value in sent if name != b"authorization"]
    return [(b"host", target.origin.netloc.encode()), (b"user-agent", b"registry-harness"), *sent]


def _size_bytes(path: Path) -> int:
    return path.stat().st_size


async def _parts(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while part := await asyncio.to_thread(file.read, _PART_BYTES):
            yield part
