"""Removes the proxies that a killed run left in a Toxiproxy that it had not started itself."""

import http.client
import ipaddress
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from harness.process.journal import NotUndoneError

_ANSWER_S: Final = 5.0


def remove_proxies(folder: Path, undo: dict[str, Any]) -> str:
    """Delete the proxies by name. Raises NotUndoneError, KeyError, OSError, HTTPException."""
    del folder  # the server is no file
    url, names = urlsplit(undo["url"]), undo["names"]
    if url.scheme != "http" or not _is_near(url.hostname or ""):
        raise NotUndoneError(f"url: http on this machine or a private network, got {undo['url']!r}")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise NotUndoneError(f"names: a list of proxies, got {names!r}")
    try:
        for name in names:
            _remove_proxy(str(url.hostname), url.port or 80, name)
    except ConnectionRefusedError:
        return f"Toxiproxy at {url.netloc}: is gone, and its proxies with it"
    return f"Toxiproxy at {url.netloc}: removed {', '.join(names) or 'nothing'}"


def _remove_proxy(host: str, port: int, name: str) -> None:
    connection = http.client.HTTPConnection(host, port, timeout=_ANSWER_S)
    try:
        connection.request("DELETE", f"/proxies/{quote(name, safe='')}")
        status = connection.getresponse().status
    finally:
        connection.close()
    if status not in (HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND):
        raise NotUndoneError(f"Toxiproxy at {host}:{port}: proxy {name}: answered {status}")


def _is_near(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private
