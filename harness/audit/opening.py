"""An audit of one URL: reach it, log in, look at it all."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

import httpx

from harness.audit.audit import Audit, Wanted
from harness.audit.certificate import days_left
from harness.audit.findings import Check, TroubleError, printable
from harness.audit.ledger import Ledger
from harness.audit.login import Login
from harness.audit.requests import Wire
from harness.oci.reference import is_host

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
    told: Callable[[str], None] = lambda _: None,
) -> int:
    """Audit the registry at `url` into `ledger`; the number of requests sent.

    `ca`: a file of certificates to trust beside none of the system's. Raises UnreachableError,
    OSError for a `ca` that cannot be read.
    """
    context = ssl.create_default_context(cafile=None if ca is None else str(ca))
    if url.scheme == "https" and not await _certificate(url, context, ledger, certificate_days):
        return 0
    async with httpx.AsyncClient(verify=context, trust_env=False) as client:
        wire = Wire(client, url, login)
        if await _greeted(wire, url, ledger):
            await Audit(wire, ledger, wanted, told).run()
        return wire.requests


async def _certificate(url: httpx.URL, context: ssl.SSLContext, ledger: Ledger, days: int) -> bool:
    """Whether the registry may be talked to; what is wrong with its certificate is a finding."""
    try:
        left = await days_left(url.host, url.port or _HTTPS_PORT, context)
    except TroubleError as trouble:
        ledger.add(trouble.check, "", "", trouble.text)
        return False
    except OSError as error:
        raise UnreachableError(f"{url}: {error}") from None
    if left < days:
        ledger.add(Check.CERTIFICATE, "", "", f"{url.host}: runs out in {left:.1f} days")
    return True


async def _greeted(wire: Wire, url: httpx.URL, ledger: Ledger) -> bool:
    """Whether it lets us in. Raises UnreachableError when it is no registry."""
    try:
        answer = await wire.document("/v2/", "")
    except TroubleError as trouble:
        if trouble.check is Check.CREDENTIALS:
            ledger.add(trouble.check, "", "", trouble.text)
            return False
        raise UnreachableError(f"{url}: {printable(trouble.text)}") from None
    if answer.status != _OK:
        raise UnreachableError(f"{url}: is no registry: GET /v2/ is answered {answer.status}")
    return True
