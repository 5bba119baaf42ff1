"""The hosts of a node's hosts.toml, right and with each mistake that a fault can make in it."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from harness.seams import HostsMistake

# Nobody has this address (RFC 5737): what is sent to it is dropped.
NOBODY: Final = "192.0.2.54"
_UNUSED_PORT: Final = 1  # tcpmux, RFC 1078: nobody listens there
_MISSPELT: Final = "misspelt"  # under the registry's own name, so that only our resolver is queried


@dataclass(frozen=True, kw_only=True)
class Hosts:
    """What containerd asks: `mirrors` in order (`[host]` tables), then `server`.

    `astray` is the URL among them that is wrong, "" when none is.
    """

    server: str
    mirrors: tuple[str, ...] = ()
    astray: str = ""


def hosts_with(mistake: HostsMistake | None, registry_url: str) -> Hosts:
    """The hosts of a node that reaches the registry at `registry_url` (scheme, host and port)."""
    parts = urlsplit(registry_url)
    port = f":{parts.port}" if parts.port else ""
    nobody_listens = f"{parts.scheme}://{parts.hostname}:{_UNUSED_PORT}"
    match mistake:
        case None:
            return Hosts(server=registry_url)
        case HostsMistake.WRONG_HOST:
            wrong = f"{parts.scheme}://{_MISSPELT}.{parts.hostname}{port}"
        case HostsMistake.WRONG_PORT:
            wrong = nobody_listens
        case HostsMistake.WRONG_PATH:
            wrong = f"{registry_url}/wrong/path"
        case HostsMistake.MIRROR_WITHOUT_CONTENT:
            return _mirrored(registry_url, f"{registry_url}/mirror")
        case HostsMistake.MIRROR_REFUSES:
            return _mirrored(registry_url, nobody_listens)
        case HostsMistake.MIRROR_DROPS:
            return _mirrored(registry_url, f"{parts.scheme}://{NOBODY}{port}")
    return Hosts(server=wrong, astray=wrong)


def _mirrored(registry_url: str, mirror: str) -> Hosts:
    return Hosts(server=registry_url, mirrors=(mirror,), astray=mirror)
