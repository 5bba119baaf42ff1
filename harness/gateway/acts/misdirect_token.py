"""Challenges that name another token service."""

import re
from urllib.parse import urlsplit, urlunsplit

from harness.gateway.acts._behaviour import Behaviour, HeaderLines, replace_header
from harness.seams import MisdirectToken

_UNAUTHORIZED = 401
_REALM = re.compile(r'(\brealm=")([^"]*)(")', re.IGNORECASE)


class MisdirectTokenBehaviour(Behaviour[MisdirectToken]):
    def change_headers(self, status: int, headers: HeaderLines) -> bool:
        if status != _UNAUTHORIZED:
            return False
        return replace_header(headers, b"www-authenticate", self._misdirected)

    def _misdirected(self, challenge: str) -> str:
        return _REALM.sub(lambda it: it[1] + _elsewhere(self.act, it[2]) + it[3], challenge)


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
