"""An audit of one URL: reach it, log in, look at it all."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

import httpx

from harness.audit.audit import Audit, Wanted
from harness.audit.certificate import days_left
from harness.audit.findings import Check, printable
from harness.audit.ledger import Ledger
from harness.oci.reference import is_host
from harness.registry_client.ask_error import AskError, Failure
from harness.registry_client.client import RegistryClient, registry_client
from harness.registry_client.limits import AskLimits
from harness.registry_client.login import Login

_LIMITS: Final = AskLimits()
_HTTPS_PORT: Final = 443
_OK: Final = 200


class UnreachableError(Exception):
    """There is no registry at the URL, or it does not answer; one sentence."""


def registry_url(text: str) -> tuple[httpx.URL, str]:
    """The registry's own address, and the repository that the URL names, or "".

    Without a scheme it is https. Raises ValueError with the rule.
    """
    try:
        url = httpx.URL(text if "://" in text else f"https://{text}")
    except httpx.InvalidURL as error:
        raise ValueError(f"URL {text[:200]!r}: {error}") from None
    if url.scheme not in ("http", "https") or not is_host(url.netloc.decode("ascii")):
        raise ValueError(f"URL {text[:200]!r}: must be http or https, a host, and perhaps a name")
    if url.userinfo:
        raise ValueError("URL: must hold no password; set HARNESS_REGISTRY_PASSWORD instead")
    path = url.path.strip("/")
    return url.copy_with(path="/", query=None, fragment=None), path.removeprefix("v2").strip("/")


async def audit(
    url: httpx.URL,
    wanted: Wanted,
    ledger: Ledger,
    *,
    login: Login,
    ca: Path | None = None,
    certificate_days: int = 14,
    timeout_s: float | None = None,
    limits: AskLimits = _LIMITS,
    progress: Callable[[str], None] = lambda _: None,
) -> int:
    """Audit the registry at `url` into `ledger`; the number of requests sent.

    `ca`: a file of certificates to trust beside none of the system's. After `timeout_s` what is
    still to be looked at is left out. Raises UnreachableError, OSError for a `ca` that cannot be
    read.
    """
    trust = ssl.create_default_context(cafile=None if ca is None else str(ca))
    greeted = False
    async with registry_client(
        url, login, trust=trust, limits=limits, denied_is_error=True
    ) as client:
        try:
            async with asyncio.timeout(timeout_s):
                secure = url.scheme == "https"
                if secure and not await _certificate(url, trust, ledger, certificate_days):
                    return 0
                greeted = await _greeted(client, url, ledger)
                if greeted:
                    await Audit(client, ledger, wanted, progress).run()
        except TimeoutError:
            if not greeted:
                said = f"{url}: no answer within --timeout, {timeout_s:g} s"
                raise UnreachableError(said) from None
            ledger.leave_out_the_rest()
        return client.transport.requests


async def _certificate(url: httpx.URL, context: ssl.SSLContext, ledger: Ledger, days: int) -> bool:
    """Whether the registry may be talked to; what is wrong with its certificate is a finding."""
    try:
        left = await days_left(url.host, url.port or _HTTPS_PORT, context)
    except ssl.SSLCertVerificationError as error:
        host = url.netloc.decode("ascii")
        ledger.add(Check.CERTIFICATE, "", "", f"{host}: {error.verify_message}")
        return False
    except OSError as error:
        nobody = isinstance(error, ConnectionRefusedError | socket.gaierror)
        plain = url.copy_with(scheme="http")
        hint = "" if nobody else f"; a registry without TLS is named {str(plain).rstrip('/')}"
        raise UnreachableError(
            f"{url}: {error.strerror or str(error) or type(error).__name__}{hint}"
        ) from None
    if left < days:
        ledger.add(Check.CERTIFICATE, "", "", f"{url.host}: runs out in {left:.1f} days")
    return True


async def _greeted(client: RegistryClient, url: httpx.URL, ledger: Ledger) -> bool:
    """Whether it lets us in. Raises UnreachableError when it is no registry."""
    try:
        answer = await client.ask("GET", "/v2/", "")
    except AskError as error:
        if error.failure is Failure.CREDENTIALS:
            ledger.add_failure(error)
            return False
        raise UnreachableError(f"{url}: {printable(error.text)}") from None
    if answer.status != _OK:
        raise UnreachableError(f"{url}: is no registry: GET /v2/ is answered {answer.status}")
    return True
