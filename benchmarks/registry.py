"""The embedded registry, with gateway and access records, against distribution v3; TLS; a proxy.

    uv run python benchmarks/registry.py [--distribution PATH] [--rounds 5] [--json FILE]

PATH is distribution's `registry` binary. The registries run on one core, the client on the other.
With it, `proxied` is that distribution behind the gateway's reverse proxy, and the last lines tell
what part of distribution's own blob throughput is left: the two share the one core. `rules` is what
one rule costs each request that it does not match, by another repository or by a share's draw.
Each round measures every registry once, in turn, so that a noisy machine is noisy for all.
Compare only figures of one run; processor time per unit is steadier than a rate.
"""

import argparse
import asyncio
import json
import os
import socket
import ssl
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from harness.chance import Chance
from harness.environment.registry import RegistryPlace, RegistryService, open_registry
from harness.environment.registry_settings import RegistrySettings
from harness.environment.scope import FaultScope
from harness.environment.upstream.access import UpstreamSettings
from harness.oci.images import BuiltImage, DirectorySink, ImageSpec, build
from harness.oci.media_types import OCI_MANIFEST
from harness.oci.sink import blob_path
from harness.process.child import Run, start_child
from harness.process.journal import Journal
from harness.seams import Delay, RequestKind, Where

BLOB_BYTES = 64 << 20
BLOBS = 16
MANIFEST_SECONDS = 3.0
CONNECTIONS = 16
NAME, TAG = "bench", "v1"
RULES = 20
UNMATCHED = {"elsewhere": ("another", 1.0), "not_chosen": (NAME, 1e-12)}  # repository, share


@dataclass(frozen=True, kw_only=True)
class Target:
    """A registry to measure. `trust`: of TLS; None for plain HTTP."""

    process: psutil.Process
    port: int
    trust: ssl.SSLContext | None = None


def connected(target: Target) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", target.port))
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if target.trust is not None:
        return target.trust.wrap_socket(link, server_hostname="localhost")
    return link


def request(path: str) -> bytes:
    accept = f"Accept: {OCI_MANIFEST}"  # distribution takes no wildcard for it
    lines = [f"GET {path} HTTP/1.1", "Host: bench", accept, "User-Agent: bench", "", ""]
    return "\r\n".join(lines).encode()


def read_answer(link: socket.socket, buffer: bytearray) -> int:
    """Read one answer whole; its body's length."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += link.recv(1 << 16)
    head, _, body = head.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert b" 200" in lines[0], lines[0]
    length = next(int(it.split(b":")[1]) for it in lines if it.startswith(b"content-length"))
    received = len(body)
    while received < length:
        received += link.recv_into(buffer)
    return length


def manifests(target: Target) -> int:
    """How many manifests CONNECTIONS keep-alive connections get in MANIFEST_SECONDS."""
    links = [connected(target) for _ in range(CONNECTIONS)]
    asked, got, buffer = request(f"/v2/{NAME}/manifests/{TAG}"), 0, bytearray(1 << 16)
    until_s = time.monotonic() + MANIFEST_SECONDS
    for link in links:
        link.sendall(asked)
    while time.monotonic() < until_s:
        for link in links:
            read_answer(link, buffer)
            link.sendall(asked)
            got += 1
    for link in links:
        link.close()
    return got


def blobs(target: Target, digest: str) -> int:
    """Bytes of BLOBS downloads, one after the other on one connection."""
    asked, buffer = request(f"/v2/{NAME}/blobs/{digest}"), bytearray(1 << 20)
    received = 0
    with connected(target) as link:
        for _ in range(BLOBS):
            link.sendall(asked)
            received += read_answer(link, buffer)
    return received


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def measure(target: Target, digest: str) -> dict[str, float]:
    """One round of one registry."""
    process = target.process
    cpu, began = cpu_s(process), time.monotonic()
    count = manifests(target)
    took, used = time.monotonic() - began, cpu_s(process) - cpu
    row = {"manifests_per_s": count / took, "cpu_us_per_manifest": used / count * 1e6}
    cpu, began = cpu_s(process), time.monotonic()
    received = blobs(target, digest)
    took, used = time.monotonic() - began, cpu_s(process) - cpu
    row |= {"blob_gb_per_s": received / took / 1e9, "cpu_s_per_gb": used / received * 1e9}
    return row | {"resident_mib": process.memory_info().rss / 2**20}


async def cost_of_rules(service: RegistryService, target: Target) -> dict[str, float]:
    """Processor time in µs that one rule adds to a request that it does not match."""
    used = {"none": used_by_a_manifest(target)}
    for how, (repository, share) in UNMATCHED.items():
        scope = FaultScope(
            fault="bench",
            where=Where(repository=repository),
            chance=Chance(1, "bench"),
            deadline_s=time.monotonic() + 600,
        )
        gateway, act = service.gateway(scope), Delay(first_byte_s=1.0)
        async with AsyncExitStack() as rules:
            for _ in range(RULES):
                rule = gateway.rule(act, kinds=(RequestKind.MANIFEST,), share=share)
                await rules.enter_async_context(rule)
            used[how] = used_by_a_manifest(target)
    return {f"{how}_us": (used[how] - used["none"]) / RULES for how in UNMATCHED}


def used_by_a_manifest(target: Target) -> float:
    """Processor time of one manifest, in µs."""
    cpu = cpu_s(target.process)
    count = manifests(target)
    return (cpu_s(target.process) - cpu) / count * 1e6


@asynccontextmanager
async def distribution(run: Run, binary: str, image: BuiltImage, root: Path) -> AsyncIterator[Any]:
    """distribution on a file system, with the image pushed to it; its process and port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = run.folder / "distribution.yml"
    storage = {"filesystem": {"rootdirectory": str(run.folder / "distribution")}}
    settings: dict[str, Any] = {
        "version": 0.1,
        "log": {"accesslog": {"disabled": False}, "level": "error"},
        "storage": storage,
        "http": {"addr": f"127.0.0.1:{port}", "secret": "bench"},
    }
    config.write_text(json.dumps(settings))
    argv = (binary, "serve", str(config))
    async with start_child(run, "distribution", argv, config=None) as child:
        await push(f"http://127.0.0.1:{port}", image, root)
        yield Target(process=psutil.Process(child.pid), port=port)


@asynccontextmanager
async def opened(
    run: Run,
    name: str,
    upstream: UpstreamSettings | None = None,
    *,
    tls: bool = False,
) -> AsyncIterator[RegistryService]:
    """A gateway in a folder of its own, before the embedded registry or the one at `upstream`."""
    folder = run.folder / name
    folder.mkdir()
    async with open_registry(
        Run(run_id=run.run_id, folder=folder, journal=run.journal, clock_start_s=run.clock_start_s),
        RegistrySettings(auth="none", tls=tls),
        RegistryPlace(nodes=("n0",)),
        upstream=upstream,
    ) as service:
        yield service


def target_of(service: RegistryService) -> Target:
    trust = ssl.create_default_context(cadata=service.ca_pem) if service.ca_pem else None
    process = psutil.Process(service.child.pid)
    return Target(process=process, port=service.ports["n0"], trust=trust)


async def filled(service: RegistryService) -> BuiltImage:
    """Let `service` have the image."""
    image = build(ImageSpec(name=NAME, size_bytes=BLOB_BYTES), DirectorySink(service.root))
    await service.add_image(image, NAME, TAG)
    return image


async def push(url: str, image: BuiltImage, root: Path) -> None:
    transport = httpx.AsyncHTTPTransport(retries=8)  # it may not listen yet
    async with httpx.AsyncClient(base_url=url, transport=transport, timeout=60) as client:
        for digest in image.blob_digests:
            began = await client.post(f"/v2/{NAME}/blobs/uploads/")
            content = blob_path(root, digest).read_bytes()
            place = httpx.URL(began.headers["location"]).copy_add_param("digest", digest)
            (await client.put(place, content=content)).raise_for_status()
        content = blob_path(root, image.digest).read_bytes()
        headers = {"Content-Type": image.media_type}
        put = await client.put(f"/v2/{NAME}/manifests/{TAG}", content=content, headers=headers)
        put.raise_for_status()


async def compare(binary: str | None, rounds: int) -> dict[str, list[dict[str, float]]]:
    """The rounds' figures by registry."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[0]})
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        journal = Journal(folder / "journal.jsonl")
        stack.callback(journal.close)
        run = Run(run_id="bench", folder=folder, journal=journal, clock_start_s=time.monotonic())
        service = await stack.enter_async_context(opened(run, "embedded"))
        image = await filled(service)
        tls = await stack.enter_async_context(opened(run, "tls", tls=True))
        await filled(tls)
        targets = {"embedded": target_of(service), "embedded, TLS": target_of(tls)}
        if binary is not None:
            theirs = await stack.enter_async_context(distribution(run, binary, image, service.root))
            url = f"http://127.0.0.1:{theirs.port}"
            settings = UpstreamSettings(provider="external", url=url)
            proxy = await stack.enter_async_context(opened(run, "proxied", settings))
            targets |= {"distribution": theirs, "proxied": target_of(proxy)}
        for target in targets.values():
            pin(target.process, cores[-1])
        digest = image.platforms[0].layers[0].digest
        rows: dict[str, list[dict[str, float]]] = {name: [] for name in (*targets, "rules")}
        for _ in range(rounds):
            for name, target in targets.items():
                rows[name].append(measure(target, digest))
            rows["rules"].append(await cost_of_rules(service, targets["embedded"]))
        return rows


def pin(process: psutil.Process, core: int) -> None:
    """Put all threads of a process on one core."""
    argv = ["taskset", "-a", "-p", "-c", str(core), str(process.pid)]
    subprocess.run(argv, check=True, capture_output=True)


def show(rows: dict[str, list[dict[str, float]]]) -> None:
    for name, rounds in rows.items():
        print(name)
        for column in rounds[0]:
            values = sorted(row[column] for row in rounds)
            middle = statistics.median(values)
            print(f"  {column:20} {middle:12,.2f}   ({values[0]:,.2f} to {values[-1]:,.2f})")


def show_shares(rows: dict[str, list[dict[str, float]]]) -> None:
    """The proxy's blob throughput as a share of distribution's own, by the clock and by work."""
    pairs = list(zip(rows["proxied"], rows["distribution"], strict=True))
    clock = statistics.median(it["blob_gb_per_s"] / its["blob_gb_per_s"] for it, its in pairs)
    work = statistics.median(
        its["cpu_s_per_gb"] / (its["cpu_s_per_gb"] + it["cpu_s_per_gb"]) for it, its in pairs
    )
    print("proxied / distribution, blobs (at least 50 % is wanted)")
    print(f"  by the clock {clock:.0%}, by processor time on one core {work:.0%}")
    resident = [row["resident_mib"] for row in rows["proxied"]]
    print(f"  resident: {resident[0]:.0f} MiB first, {resident[-1]:.0f} MiB last")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--distribution", help="path of distribution's `registry`")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures of every round here")
    arguments = parser.parse_args()
    rows = asyncio.run(compare(arguments.distribution, arguments.rounds))
    show(rows)
    if "proxied" in rows:
        show_shares(rows)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
