"""A small client that does what a node does, and tells what it met instead of raising."""

import asyncio
import hashlib
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from dnslib import RCODE, DNSRecord

from harness.environment.canary import trusting
from harness.environment.lab import Lab
from harness.environment.lab_settings import LOOPBACK
from harness.load.orders import REGISTRY_NAME
from harness.oci.media_types import CONTAINERD_ACCEPT

_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_DNS_PATIENCE_S = 0.4
PATIENCE_S = 10.0
_MANIFESTS, _BLOBS = 12, 2  # times that each is asked for: more than any example lets pass


@dataclass
class Met:
    """What a round of requests met, in order."""

    seen: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[list[str]]:
        """Note what is put into the list, or the error."""
        said: list[str] = []
        try:
            yield said
        except (httpx.HTTPError, OSError, TimeoutError) as error:
            said.append(type(error).__name__)
        self.seen.append(f"{name}: {' '.join(said)}")


async def traffic(lab: Lab, node: str, reference: str, patience_s: float = PATIENCE_S) -> list[str]:
    """Look the registry up, pull an image several times over, begin a push."""
    met = Met()
    async with met.step("lookup") as said:
        said.extend(await _lookup(lab.resolver.ports[node]))
    base = f"{lab.registry.scheme}://{LOOPBACK}:{lab.ports[node]}"
    trust = trusting(lab.registry.ca_pem)
    image = lab.images[reference]
    name, tag = reference.removeprefix(f"{REGISTRY_NAME}/").rsplit(":", 1)
    accept = {"Accept": ", ".join(CONTAINERD_ACCEPT)}
    async with httpx.AsyncClient(
        base_url=base, timeout=patience_s, trust_env=False, headers=accept, verify=trust
    ) as client:
        async with met.step("login"):
            await _login(lab, client, "GET", f"/v2/{name}/manifests/{tag}")
        for _ in range(_MANIFESTS):
            async with met.step("manifest") as said:
                said.extend(await _get(client, f"/v2/{name}/manifests/{tag}"))
        for digest in image.blob_digests * _BLOBS:
            async with met.step(f"blob {digest[:19]}") as said:
                said.extend(await _get(client, f"/v2/{name}/blobs/{digest}"))
            await asyncio.sleep(0.02)  # a connection that is reset after a while must live as long
        async with met.step("push") as said:
            said.append(await _begin_push(lab, client))
    return met.seen


async def _lookup(port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setblocking(False)
        udp.connect((LOOPBACK, port))
        await loop.sock_sendall(udp, DNSRecord.question(REGISTRY_NAME).pack())
        reply = DNSRecord.parse(await asyncio.wait_for(loop.sock_recv(udp, 4096), _DNS_PATIENCE_S))
    return [RCODE[reply.header.rcode], *(str(record.rdata) for record in reply.rr)]


async def _login(lab: Lab, client: httpx.AsyncClient, method: str, path: str) -> None:
    """Ask without a token, and keep the token that the challenge leads to."""
    client.headers.pop("Authorization", None)
    answer = await client.request(method, path)
    challenge = dict(_CHALLENGE.findall(answer.headers.get("www-authenticate", "")))
    if "realm" not in challenge:
        raise httpx.ProtocolError(f"{answer.status_code} without a challenge")
    reply = await client.get(
        challenge.pop("realm"),
        params={key: challenge[key] for key in ("service", "scope")},
        auth=lab.settings.login,
    )
    if reply.status_code != httpx.codes.OK:
        raise httpx.ProtocolError(f"{reply.status_code} from the token service")
    client.headers["Authorization"] = f"Bearer {reply.json()['token']}"


async def _get(client: httpx.AsyncClient, path: str) -> list[str]:
    answer = await client.get(path)
    named = answer.headers.get("docker-content-digest", "no digest")
    return [str(answer.status_code), hashlib.sha256(answer.content).hexdigest()[:12], named[:19]]


async def _begin_push(lab: Lab, client: httpx.AsyncClient) -> str:
    path = "/v2/pushed/blobs/uploads/"
    await _login(lab, client, "POST", path)
    answer = await client.post(path)
    if answer.status_code == httpx.codes.ACCEPTED:
        await client.delete(answer.headers["Location"])
    return str(answer.status_code)
