"""Headers of answers that rules change: the challenge's realm, the digest."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

from harness.oci.digest import digest_of
from harness.seams import MisdirectToken, MislabelDigest

HeaderLines = list[tuple[bytes, bytes]]

_UNAUTHORIZED = 401
_REALM = re.compile(r'(\brealm=")([^"]*)(")', re.IGNORECASE)
_MALFORMED = "sha256:not-a-digest"


def relabel(act: MisdirectToken | MislabelDigest, status: int, headers: HeaderLines) -> bool:
    """Change `headers` in place; False when the answer has nothing that `act` is about."""
    before = list(headers)
    match act:
        case MisdirectToken() if status == _UNAUTHORIZED:
            _replace(headers, b"www-authenticate", lambda value: _misdirected(act, value))
        case MislabelDigest(says="missing"):
            headers[:] = [it for it in headers if it[0].lower() != b"docker-content-digest"]
        case MislabelDigest(says=says):
            _replace(headers, b"docker-content-digest", lambda value: _mislabelled(says, value))
    return headers != before


def _replace(headers: HeaderLines, name: bytes, change: Callable[[str], str]) -> None:
    for place, (its_name, value) in enumerate(headers):
        if its_name.lower() == name:
            headers[place] = (its_name, change(str(value, "latin-1")).encode("latin-1"))


def _mislabelled(says: str, digest: str) -> str:
    return _MALFORMED if says == "malformed" else digest_of(digest.encode())


def _misdirected(act: MisdirectToken, challenge: str) -> str:
    return _REALM.sub(lambda found: found[1] + _elsewhere(act, found[2]) + found[3], challenge)


def _elsewhere(act: MisdirectToken, realm: str) -> str:
    """`realm` with the parts that `act` replaces; one that is no URL stays as it is."""
    try:
        parts = urlsplit(realm)
        own_port = parts.port
    except ValueError:
        return realm
    host = act.host or parts.hostname or ""
    port = act.port or (None if act.host else own_port)
    place = f"[{host}]" if ":" in host else host
    netloc = place if port is None else f"{place}:{port}"
    return urlunsplit(parts._replace(netloc=netloc, path=act.path or parts.path))
