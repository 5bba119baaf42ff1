"""The embedded registry, with gateway and access records, against distribution v3; and a proxy.

    uv run python benchmarks/registry.py [--distribution PATH] [--rounds 5] [--json FILE]

PATH is distribution's `registry` binary. The registries run on one core, the client on the other.
With it, `proxied` is that distribution behind the gateway's reverse proxy, and the last lines tell
what part of distribution's own blob throughput is left: the two share the one core.
Each round measures every registry once, in turn, so that a noisy machine is noisy for all.
Compare only figures of one run; processor time per unit is steadier than a rate.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from harness.child import Run, start_child
from harness.environment.registry import open_registry
from harness.environment.upstream.access import UpstreamSettings
from harness.journal import Journal
from harness.oci.images import BuiltImage, DirectorySink, ImageSpec, build
from harness.oci.media_types import OCI_MANIFEST
from harness.oci.sink import blob_path

BLOB_BYTES = 64 << 20
BLOBS = 16
MANIFEST_SECONDS = 3.0
CONNECTIONS = 16
NAME, TAG = "bench", "v1"


def connected(port: int) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port))
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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


def manifests(port: int) -> int:
    """How many manifests CONNECTIONS keep-alive connections get in MANIFEST_SECONDS."""
    links = [connected(port) for _ in range(CONNECTIONS)]
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


def blobs(port: int, digest: str) -> int:
    """Bytes of BLOBS downloads, one after the other on one connection."""
    asked, buffer = request(f"/v2/{NAME}/blobs/{digest}"), bytearray(1 << 20)
    received = 0
    with connected(port) as link:
        for _ in range(BLOBS):
            link.sendall(asked)
            received += read_answer(link, buffer)
    return received


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def measure(port: int, process: psutil.Process, digest: str) -> dict[str, float]:
    """One round of one registry."""
    cpu, began = cpu_s(process), time.monotonic()
    count = manifests(port)
    took, used = time.monotonic() - began, cpu_s(process) - cpu
    row = {"manifests_per_s": count / took, "cpu_us_per_manifest": used / count * 1e6}
    cpu, began = cpu_s(process), time.monotonic()
    received = blobs(port, digest)
    took, used = time.monotonic() - began, cpu_s(process) - cpu
    row |= {"blob_gb_per_s": received / took / 1e9, "cpu_s_per_gb": used / received * 1e9}
    return row | {"resident_mib": process.memory_info().rss / 2**20}


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
        yield psutil.Process(child.pid), port


@asynccontextmanager
async def proxied(run: Run, port: int) -> AsyncIterator[Any]:
    """The gateway before the registry at `port`; its process and its own port."""
    folder = run.folder / "proxied"
    folder.mkdir()
    own = Run(
        run_id=run.run_id, folder=folder, journal=run.journal, clock_start_s=run.clock_start_s
    )
    address = f"http://127.0.0.1:{port}"
    settings = UpstreamSettings(provider="external", url=address)
    async with open_registry(
        own,
        nodes=("n0",),
        auth="none",
        username="",
        password="",
        token_lifetime_s=300,
        registry_name="bench",
        upstream=settings,
    ) as room:
        yield psutil.Process(room.child.pid), room.ports["n0"]


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
        room = await stack.enter_async_context(
            open_registry(
                run,
                nodes=("n0",),
                auth="none",
                username="",
                password="",
                token_lifetime_s=300,
                registry_name="bench",
            )
        )
        image = build(ImageSpec(name=NAME, size_bytes=BLOB_BYTES), DirectorySink(room.root))
        await room.add_image(image, NAME, TAG)
        targets = {"embedded": (psutil.Process(room.child.pid), room.ports["n0"])}
        if binary is not None:
            process, port = await stack.enter_async_context(
                distribution(run, binary, image, room.root)
            )
            targets["distribution"] = (process, port)
            targets["proxied"] = await stack.enter_async_context(proxied(run, port))
        for process, _ in targets.values():
            pin(process, cores[-1])
        digest = image.platforms[0].layers[0].digest
        rows: dict[str, list[dict[str, float]]] = {name: [] for name in targets}
        for _ in range(rounds):
            for name, (process, port) in targets.items():
                rows[name].append(measure(port, process, digest))
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
