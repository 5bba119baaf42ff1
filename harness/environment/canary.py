"""The steady state: every node can look the registry up, log in and pull."""

import asyncio
import hashlib
import socket
import ssl
from typing import Any, Final

import httpx
from dnslib import DNSRecord

from harness.environment.lab import Lab
from harness.load.orders import REGISTRY_NAME, LoadTarget, NodeEndpoint
from harness.oci.challenge import Challenge, parse_challenge
from harness.oci.images import BuiltImage
from harness.oci.media_types import CONTAINERD_ACCEPT
from harness.oci.tokens import read_usable_token

MANIFEST_BYTES_MAX: Final = 4 << 20  # distribution-spec v1.1: registries should take 4 MiB
_AT_ONCE = 16
_TIMEOUT_S = 10.0


class NotSteady(Exception):  # noqa: N818  it is a state, told to the user
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
            except (httpx.HTTPError, OSError, TimeoutError) as error:
                found.append(NotSteady(f"{node}: {type(error).__name__}: {error}"))
            except NotSteady as error:
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
    reference = named[0] if named else ""
    repository, _, tag = reference.removeprefix(f"{REGISTRY_NAME}/").rpartition(":")
    async with httpx.AsyncClient(
        base_url=base, timeout=_TIMEOUT_S, trust_env=False, verify=trusting(target.ca_pem)
    ) as client:
        path = f"/v2/{repository}/manifests/{tag}" if named else "/v2/"
        client.headers["Accept"] = ", ".join(CONTAINERD_ACCEPT)
        answer, content = await _small(client, path)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            await _log_in(client, target, answer)
            answer, content = await _small(client, path)
        _require_ok(answer)
        if named is None:
            return
        image = named[1]
        _require_digest(path, hashlib.sha256(content), image.digest)
        for digest in image.blob_digests if whole else ():
            await _pull_blob(client, f"/v2/{repository}/blobs/{digest}", digest)


async def _small(
    client: httpx.AsyncClient, path: str, **settings: Any
) -> tuple[httpx.Response, bytes]:
    """An answer and its body as it was sent: never unpacked, never longer than it should be."""
    content = bytearray()
    async with client.stream("GET", path, **settings) as answer:
        async for chunk in answer.aiter_raw(1 << 16):
            content += chunk
            if len(content) > MANIFEST_BYTES_MAX:
                raise NotSteady(f"{path}: its answer is longer than {MANIFEST_BYTES_MAX >> 20} MiB")
    return answer, bytes(content)


def trusting(ca_pem: str) -> ssl.SSLContext:
    """Only this authority, and nobody when there is none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_pem:
        context.load_verify_locations(cadata=ca_pem)
    return context


async def _pull_blob(client: httpx.AsyncClient, path: str, digest: str) -> None:
    seen = hashlib.sha256()
    async with client.stream("GET", path) as answer:
        _require_ok(answer)
        async for chunk in answer.aiter_raw(1 << 20):
            seen.update(chunk)
    _require_digest(path, seen, digest)


async def _log_in(client: httpx.AsyncClient, target: LoadTarget, answer: httpx.Response) -> None:
    """Answer the challenge of `answer` with every request of `client` from now on."""
    challenge = parse_challenge(answer.headers.get("www-authenticate", ""))
    if challenge is None or "realm" not in challenge.parameters:
        raise NotSteady(f"{answer.request.url.path}: 401 without a challenge that is known")
    if challenge.scheme == "basic":
        client.auth = httpx.BasicAuth(target.username, target.password)
    else:
        client.headers["Authorization"] = f"Bearer {await _token(client, target, challenge)}"


async def _token(client: httpx.AsyncClient, target: LoadTarget, challenge: Challenge) -> str:
    reply, body = await _small(
        client,
        challenge.parameters["realm"],
        params=challenge.token_query(),
        auth=(target.username, target.password) if target.username else None,
    )
    _require_ok(reply)
    try:
        return read_usable_token(body).token
    except ValueError:
        raise NotSteady("its token service gave no token") from None


def _require_ok(answer: httpx.Response) -> None:
    if answer.status_code != httpx.codes.OK:
        raise NotSteady(f"{answer.request.method} {answer.request.url.path}: {answer.status_code}")


def _require_digest(path: str, seen: "hashlib._Hash", digest: str) -> None:
    if f"sha256:{seen.hexdigest()}" != digest:
        raise NotSteady(f"{path}: content is sha256:{seen.hexdigest()}, not {digest}")
