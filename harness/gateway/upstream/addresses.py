"""Addresses in a registry's answers, turned into the gateway's own; and back, for what is asked.

Nothing here asks or follows anything. What an answer names is trusted only as far as its host is
one of the allowed ones: the upstream's own, and those that the user allowed by name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import quote, unquote_to_bytes, urlsplit

from harness.oci.paths import TOKEN_PATH

# In a query: where a Location led that named another allowed host. The path stays the registry's,
# so that the gateway's rules know what is requested.
ELSEWHERE: Final = b"harness-to="
_ADDRESS_BYTES: Final = 8 << 10  # servers take request lines of this length, and few longer ones
_PORTS: Final = {"http": 80, "https": 443}
_REALM: Final = re.compile(r'(\brealm=")([^"]*)(")', re.IGNORECASE)
_LINK: Final = re.compile(r"<([^>]*)>")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_SENDABLE: Final = re.compile(r"[!-~]+")


class AddressError(Exception):
    """An address that is not followed. One sentence for the client."""


class Origin(NamedTuple):
    """Where a server is."""

    scheme: str
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """As it stands in a URL and in a Host header: without the scheme's own port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


class Target(NamedTuple):
    """What to ask: `path` with its query, and whether the client's credentials go along."""

    origin: Origin
    path: bytes
    trusted: bool


def origin_of(url: str) -> Origin:
    """The server of an absolute URL. Raises AddressError."""
    return _split(url)[0]


def require_registry_url(url: str) -> None:
    """Raises AddressError unless `url` is a server's, without path, query and login."""
    _, rest = _split(url)
    if rest != "/" or url.endswith(("?", "#")):
        raise AddressError(f"{url[:80]!r} has a path: a registry's API is at the root")


@dataclass(frozen=True)
class _Realm:
    origin: Origin
    path: str


class Addresses:
    """`upstream`: the registry's URL, without a path. `allowed`: further hosts, with any port."""

    def __init__(self, upstream: str, allowed: Iterable[str] = ()) -> None:
        self.origin = origin_of(upstream)
        self._allowed = {self.origin.netloc, *(name.lower() for name in allowed)}
        self._realm: _Realm | None = None
        self._tags: dict[bytes, bytes] = {}

    def rename_tag(self, repository: str, tag: str, upstream_tag: str) -> None:
        """Ask the upstream for `upstream_tag` where a client asks for `tag`."""
        place = f"/v2/{repository}/manifests/"
        self._tags[f"{place}{tag}".encode()] = f"{place}{upstream_tag}".encode()

    def target(self, path: bytes, query: bytes) -> Target:
        """What a client's path and query mean. Raises AddressError."""
        if query.startswith(ELSEWHERE) or b"&" + ELSEWHERE in query:
            return self._elsewhere(query)
        if path == TOKEN_PATH.encode() and self._realm is not None:
            own = self._realm.path.encode()
            return Target(self._realm.origin, _joined(own, query), trusted=True)
        return Target(self.origin, _joined(self._tags.get(path, path), query), trusted=True)

    def location(self, value: str, own: str, path: str) -> str:
        """A Location for the client, which reached `path` at `own`. Raises AddressError."""
        if len(value) > _ADDRESS_BYTES:
            raise AddressError(
                f"Location: must be at most {_ADDRESS_BYTES} bytes, got {len(value)}"
            )
        if not _SENDABLE.fullmatch(value):
            raise AddressError(f"Location: {value[:80]!r} is no address")
        if not value.startswith("//") and not _SCHEME.match(value):
            return value  # relative: it is the gateway's own already
        if value.startswith("//"):
            value = f"{self.origin.scheme}:{value}"
        origin, rest = self._allowed_split(value, "Location")
        if origin == self.origin:
            return own + rest
        return f"{own}{path}?{ELSEWHERE.decode()}{quote(value, safe='')}"

    def link(self, value: str, own: str) -> str:
        """A Link header (RFC 8288); targets at other hosts are left as they are."""

        def rewritten(found: re.Match[str]) -> str:
            try:
                origin, rest = _split(found[1])
            except AddressError:
                return found[0]
            return f"<{own}{rest}>" if origin == self.origin else found[0]

        return _LINK.sub(rewritten, value)

    def challenge(self, value: str, own: str) -> str:
        """A WWW-Authenticate header: the realm of Bearer is at `own`. Raises AddressError."""
        if not value.lower().lstrip().startswith("bearer"):
            return value
        found = _REALM.search(value)
        if found is None:
            return value
        if len(found[2]) > _ADDRESS_BYTES:
            raise AddressError(f"realm: must be at most {_ADDRESS_BYTES} bytes")
        realm = found[2]
        if realm.startswith("/"):
            realm = f"{self.origin.scheme}://{self.origin.netloc}{realm}"
        origin, rest = self._allowed_split(realm, "realm")
        self._realm = _Realm(origin, rest)
        return (
            f"{value[: found.start()]}{found[1]}{own}{TOKEN_PATH}{found[3]}{value[found.end() :]}"
        )

    def require_allowed(self, url: str, what: str) -> None:
        """Raises AddressError unless `url`, which `what` of an answer names, may be asked."""
        self._allowed_split(url, what)

    def _elsewhere(self, query: bytes) -> Target:
        parts = query.split(b"&")
        (first, *_) = (part for part in parts if part.startswith(ELSEWHERE))
        others = b"&".join(part for part in parts if not part.startswith(ELSEWHERE))
        url = str(unquote_to_bytes(first[len(ELSEWHERE) :]), "latin-1")
        if not _SENDABLE.fullmatch(url):
            raise AddressError(f"{ELSEWHERE.decode()}{url[:80]!r} is no address")
        origin, rest = self._allowed_split(url, "Location")
        return Target(origin, _joined(rest.encode("latin-1"), others), origin == self.origin)

    def _allowed_split(self, url: str, what: str) -> tuple[Origin, str]:
        origin, rest = _split(url)
        if origin.netloc not in self._allowed and origin.host not in self._allowed:
            raise AddressError(
                f"{what}: leads to {origin.netloc[:200]}, which --allow-registry does not allow"
            )
        if self.origin.scheme == "https" and origin.scheme != "https":
            raise AddressError(f"{what}: leads from https to {origin.netloc[:200]} without TLS")
        return origin, rest


def _split(url: str) -> tuple[Origin, str]:
    """The server of `url`, and the rest of it without a fragment. Raises AddressError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressError(f"{url[:80]!r} is no address") from None
    if parts.scheme not in _PORTS or not parts.hostname or not _SENDABLE.fullmatch(parts.netloc):
        raise AddressError(f"{url[:80]!r} is no address of http or https")
    if "@" in parts.netloc:
        raise AddressError(f"an address at {parts.hostname[:80]} holds a login, which goes nowhere")
    origin = Origin(parts.scheme, parts.hostname, port or _PORTS[parts.scheme])
    query = f"?{parts.query}" if parts.query else ""
    return origin, f"{parts.path or '/'}{query}"


def _joined(path: bytes, query: bytes) -> bytes:
    if not query:
        return path
    return path + (b"&" if b"?" in path else b"?") + query
