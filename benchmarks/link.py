"""The embedded link against Toxiproxy, with no toxics: round trip of 64 B and one stream.

    uv run python benchmarks/link.py [--toxiproxy PATH] [--rounds 7] [--json FILE]

The links run on one core; client and upstream share the other. Each round measures every link
once, in turn, so that a noisy machine is noisy for all. Compare only figures of one run.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import psutil

from harness.environment.link import open_link
from harness.environment.programs import TOXIPROXY
from harness.process.child import Run
from harness.process.journal import Journal

ROUND_TRIPS = 4000
STREAM_BYTES = 1 << 29
BLOCK_BYTES = 1 << 20


def serve(listener: socket.socket) -> None:
    """Answer `E` with an echo of 64 B messages, `B` with a stream of STREAM_BYTES."""
    block = bytes(BLOCK_BYTES)

    def answer(client: socket.socket) -> None:
        with client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if client.recv(1) == b"B":
                for _ in range(STREAM_BYTES // BLOCK_BYTES):
                    client.sendall(block)
            while message := client.recv(64):
                client.sendall(message)

    while True:
        client, _ = listener.accept()
        threading.Thread(target=answer, args=(client,), daemon=True).start()


def round_trip_us(port: int) -> float:
    """Median of ROUND_TRIPS echoes, in µs."""
    taken = []
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.sendall(b"E")
        for _ in range(ROUND_TRIPS):
            start = time.perf_counter()
            link.sendall(b"x" * 64)
            link.recv(64)
            taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1e6


def stream_gb_s(port: int) -> float:
    """Throughput of one stream through the link, in GB/s."""
    buffer = bytearray(BLOCK_BYTES)
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.sendall(b"B")
        left = STREAM_BYTES
        start = time.perf_counter()
        while left:
            left -= link.recv_into(buffer, min(left, BLOCK_BYTES))
        taken = time.perf_counter() - start
    return STREAM_BYTES / taken / 1e9


def cpu_s(pid: int | None) -> float:
    if pid is None:
        return 0.0
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def measure(ports: dict[str, int], pids: dict[str, int | None], rounds: int) -> dict[str, Any]:
    found: dict[str, dict[str, list[float]]] = {
        name: {"round_trip_us": [], "stream_gb_s": [], "cpu_s_per_gb": []} for name in ports
    }
    for _ in range(rounds):
        for name, port in ports.items():
            figures = found[name]
            figures["round_trip_us"].append(round_trip_us(port))
            before = cpu_s(pids[name])
            figures["stream_gb_s"].append(stream_gb_s(port))
            used = cpu_s(pids[name]) - before
            figures["cpu_s_per_gb"].append(used / (STREAM_BYTES / 1e9))
    return {
        name: {
            figure: {"median": statistics.median(values), "min": min(values), "max": max(values)}
            for figure, values in figures.items()
        }
        for name, figures in found.items()
    }


async def run(toxiproxy: str | None, rounds: int) -> dict[str, Any]:
    cores = sorted(os.sched_getaffinity(0))
    ours, theirs = {cores[0]}, {cores[-1]}
    listener = socket.create_server(("127.0.0.1", 0))
    upstream_port = listener.getsockname()[1]
    os.sched_setaffinity(0, ours)
    upstream = multiprocessing.get_context("fork").Process(
        target=serve, args=(listener,), daemon=True
    )
    upstream.start()
    ports: dict[str, int] = {"none": upstream_port}
    pids: dict[str, int | None] = {"none": None}
    os.sched_setaffinity(0, theirs)  # inherited by the links
    async with AsyncExitStack() as stack:
        for name, path in (("embedded", None), ("toxiproxy", toxiproxy)):
            if name == "toxiproxy" and path is None:
                continue
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            journal = Journal(folder / "journal.jsonl")
            setting = Run(run_id=name, folder=folder, journal=journal, clock_start_s=0.0)
            room = await stack.enter_async_context(
                open_link(
                    setting,
                    kind="toxiproxy" if path else "embedded",
                    upstream_ports={"node": upstream_port},
                    toxiproxy_path=path,
                )
            )
            ports[name], pids[name] = room.ports["node"], room.child.pid
        os.sched_setaffinity(0, ours)
        measured = measure(ports, pids, rounds)
    upstream.kill()
    return {"cores": {"link": cores[-1], "client and upstream": cores[0]}, "links": measured}


def show(result: dict[str, Any]) -> None:
    links = result["links"]
    rows: list[tuple[str, str, Callable[[float], str]]] = [
        ("round_trip_us", "round trip of 64 B, µs", lambda value: f"{value:.1f}"),
        ("stream_gb_s", "one stream, GB/s", lambda value: f"{value:.2f}"),
        ("cpu_s_per_gb", "CPU of the link, s/GB", lambda value: f"{value:.2f}"),
    ]
    print(f"{'median (min to max)':26}" + "".join(f"{name:>24}" for name in links))
    for key, title, form in rows:
        cells = []
        for figures in links.values():
            value = figures[key]
            cells.append(f"{form(value['median'])} ({form(value['min'])} to {form(value['max'])})")
        print(f"{title:26}" + "".join(f"{cell:>24}" for cell in cells))
    if "toxiproxy" in links:
        for key, title, _ in rows:
            ratio = links["embedded"][key]["median"] / links["toxiproxy"][key]["median"]
            print(f"embedded / toxiproxy, {title}: {ratio:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--toxiproxy", help="path of toxiproxy-server; PATH is searched otherwise")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = TOXIPROXY.find(named=options.toxiproxy)
    result = asyncio.run(run(str(found) if found else None, options.rounds))
    show(result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
