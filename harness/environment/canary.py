"""The steady state: every node can look the registry up, log in and pull."""

import asyncio
import socket
import ssl
from typing import Final

import httpx
from dnslib import DNSRecord

from harness.environment.lab import Lab
from harness.load.orders import REGISTRY_NAME, LoadTarget, NodeEndpoint
from harness.oci.challenge import pull_scope
from harness.oci.digest import digest_of
from harness.oci.images import BuiltImage
from harness.registry_client.ask_error import AskError
from harness.registry_client.client import MANIFEST_BYTES, path_of, registry_client
from harness.registry_client.limits import AskLimits
from harness.registry_client.login import Login

_AT_ONCE = 16
_TIMEOUT_S = 10.0
_LIMITS: Final = AskLimits(tries=1)  # a second try would hide what is broken


class NotSteady(Exception):  # noqa: N818  it is a state, shown to the user
    """The registry is already broken; the message names the node and what it met."""


async def check_steady_state(lab: Lab) -> None:
    """Resolve and fetch a manifest as every node, and pull one image whole with its digests.

    Where no image was built, each node logs in and is let through. Raises NotSteady.
    """
    target = lab.target(0.0, lab.registry.root)
    smallest = min(lab.images.items(), key=lambda item: item[1].total_bytes, default=None)
    places = asyncio.Semaphore(_AT_ONCE)
    found: list[NotSteady] = []

    async def as_node(node: str, endpoint: NodeEndpoint, *, whole: bool) -> None:
        async with places:
            if found:
                return
            try:
                await _resolve(target, endpoint, lab.address)
                base = f"{target.scheme}://{lab.address}:{endpoint.link_port}"
                await _fetch(target, base, smallest, whole=whole)
            except OSError as error:
                found.append(NotSteady(f"{node}: {type(error).__name__}: {error}"))
            except (NotSteady, AskError) as error:
                found.append(NotSteady(f"{node}: {error}"))

    # Nobody is cancelled: httpx leaves a connection open whose handshake is.
    async with asyncio.TaskGroup() as tasks:
        for number, (node, endpoint) in enumerate(target.endpoints.items()):
            tasks.create_task(as_node(node, endpoint, whole=number == 0))
    if found:
        raise found[0]


async def _resolve(target: LoadTarget, endpoint: NodeEndpoint, address: str) -> None:
    question = DNSRecord.question(target.registry_name)
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setblocking(False)
        udp.connect((target.resolver_address, endpoint.resolver_port))
        await loop.sock_sendall(udp, question.pack())
        async with asyncio.timeout(_TIMEOUT_S):
            answer = DNSRecord.parse(await loop.sock_recv(udp, 4096))
    addresses = [str(record.rdata) for record in answer.rr]
    if addresses != [address]:
        raise NotSteady(f"{REGISTRY_NAME} resolves to {addresses or 'nothing'}, not to {address}")


async def _fetch(
    target: LoadTarget, base: str, named: tuple[str, BuiltImage] | None, *, whole: bool
) -> None:
    login, trust = (
        Login(username=target.username, password=target.password),
        trusting(target.ca_pem),
    )
    async with registry_client(httpx.URL(base), login, trust=trust, limits=_LIMITS) as client:
        if named is None:
            answer = await client.ask("GET", "/v2/", "")
            _require("/v2/", answer.status)
            return
        reference, image = named
        repository, _, tag = reference.removeprefix(f"{REGISTRY_NAME}/").rpartition(":")
        scope, path = pull_scope(repository), path_of("manifests", repository, tag)
        answer = await client.ask("GET", path, scope, limit_bytes=MANIFEST_BYTES)
        _require(path, answer.status, digest_of(answer.body), image.digest)
        for digest in image.blob_digests if whole else ():
            path = path_of("blobs", repository, digest)
            blob = await client.blob(path, scope, "sha256", image.total_bytes)
            _require(path, blob.status, blob.digest, digest)


def trusting(ca_pem: str) -> ssl.SSLContext:
    """Only this authority, and nobody when there is none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_pem:
        context.load_verify_locations(cadata=ca_pem)
    return context


def _require(path: str, status: int, digest: str = "", wanted: str = "") -> None:
    if status != httpx.codes.OK:
        raise NotSteady(f"GET {path}: {status}")
    if digest != wanted:
        raise NotSteady(f"{path}: content is {digest}, not {wanted}")
