"""The TLS seam of a registry's process: what clients see, what it counts, what stays behind."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from harness.chance import Chance
from harness.environment.authority import CA_FILE
from harness.environment.canary import trusting
from harness.environment.registry import RegistryPlace, RegistryService, open_registry
from harness.environment.registry_settings import RegistrySettings
from harness.environment.scope import FaultScope
from harness.process.child import ChildError, Run
from harness.seams import Certificate, Where
from tests.registry_server import eventually

NODES = ("n0", "n1")


@asynccontextmanager
async def opened(run: Run, *, tls: bool = True) -> AsyncIterator[RegistryService]:
    async with open_registry(
        run, RegistrySettings(auth="none", tls=tls), RegistryPlace(nodes=NODES)
    ) as service:
        yield service


def scope(*, nodes: tuple[str, ...] = (), lasts_s: float = 60) -> FaultScope:
    return FaultScope(
        fault="f-1",
        where=Where(nodes=nodes),
        chance=Chance(7, "f-1"),
        deadline_s=time.monotonic() + lasts_s,
    )


async def ping(service: RegistryService, node: str, *, patience_s: float = 10) -> str:
    """The status of a first request, or the error, on a connection of its own."""
    async with httpx.AsyncClient(
        timeout=patience_s, trust_env=False, verify=trusting(service.ca_pem)
    ) as client:
        try:
            return str(
                (await client.get(f"https://localhost:{service.ports[node]}/v2/")).status_code
            )
        except httpx.HTTPError as error:
            return f"{type(error).__name__}: {error}"


def test_a_certificate_lives_as_long_as_its_block(run: Run) -> None:
    """For the nodes in scope; open connections go on; the bites are known afterwards."""

    async def main() -> None:
        async with opened(run) as service:
            seam = service.tls(scope(nodes=("n0",)))
            url = f"https://localhost:{service.ports['n0']}"
            async with httpx.AsyncClient(
                base_url=url, trust_env=False, verify=trusting(service.ca_pem)
            ) as kept:
                assert (await kept.get("/v2/")).status_code == 200
                async with seam.certificate(Certificate(expired_s=60)):
                    assert "certificate has expired" in await ping(service, "n0")
                    assert await ping(service, "n1") == "200"
                    assert (await kept.get("/v2/")).status_code == 200
                    assert (await seam.bites()).count == 1
            assert await ping(service, "n0") == "200"
            assert (await seam.bites()).count == 1

    asyncio.run(main())


def test_a_hold_ends_at_its_deadline_without_the_harness(run: Run) -> None:
    """The gateway keeps it by itself."""

    async def main() -> None:
        async with opened(run) as service:
            seam = service.tls(scope(lasts_s=1.5))
            async with seam.held():
                assert "Timeout" in await ping(service, "n0", patience_s=0.3)

                async def healed() -> bool:
                    return await ping(service, "n0") == "200"

                await eventually(healed, within_s=15)
                assert (await seam.bites()).count == 2

    asyncio.run(main())


def test_keys_stay_in_memory_and_the_authority_is_reported(run: Run) -> None:
    """No file of a run holds a private key; `ca.crt` is what clients trust."""

    async def main() -> None:
        async with opened(run) as service:
            async with service.tls(scope()).certificate(Certificate(name="a.test")):
                assert "Hostname mismatch" in await ping(service, "n0")
            assert (run.folder / CA_FILE).read_text() == service.ca_pem
            assert service.direct_url.startswith("https://127.0.0.1:")
            for path in run.folder.rglob("*"):
                if path.is_file():
                    assert b"PRIVATE" not in path.read_bytes(), path

    asyncio.run(main())
    assert (run.folder / "logs" / "registry.log").read_text() == ""


def test_without_tls_there_is_nothing_to_bite(run: Run) -> None:
    """No authority, no file, and a seam that says why."""

    async def main() -> None:
        async with opened(run, tls=False) as service:
            assert (service.scheme, service.ca_pem) == ("http", "")
            assert not (run.folder / CA_FILE).exists()
            seam = service.tls(scope())
            with pytest.raises(ChildError, match="there are no TLS handshakes"):
                seam.held()
            assert (await seam.bites()).count == 0
            with pytest.raises(ChildError, match="speaks plain HTTP"):
                await service.control.ask("count_handshake_rule", rule=[])

    asyncio.run(main())
