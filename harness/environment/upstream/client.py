"""A client of a registry that is not ours: it asks nobody whom the user did not allow."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx

from harness.environment.upstream.access import UpstreamSettings
from harness.gateway.upstream.addresses import AddressError, Addresses
from harness.registry_client.ask_error import AskError, Failure
from harness.registry_client.client import RegistryClient, registry_client
from harness.registry_client.limits import AskLimits
from harness.registry_client.login import Login

# Nothing is asked twice: a push is not to be repeated, and a blob may take long to be stored.
_LIMITS: Final = AskLimits(answer_s=60.0, tries=1)


@asynccontextmanager
async def upstream_client(settings: UpstreamSettings, url: str) -> AsyncIterator[RegistryClient]:
    """A client of the registry at `url`, with the login and the leave of `settings`.

    Raises AddressError.
    """
    addresses = Addresses(url, settings.allowed)

    def leave(place: str, named_by: str) -> None:
        try:
            addresses.require_allowed(place, named_by)
        except AddressError as error:
            raise AskError(Failure.UNREADABLE, str(error)) from None

    login = Login(username=settings.username, password=settings.password)
    trust = ssl.create_default_context()
    async with registry_client(
        httpx.URL(url), login, trust=trust, limits=_LIMITS, leave=leave
    ) as client:
        yield client
