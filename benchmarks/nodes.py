"""Whether hundreds of emulated nodes in one Locust process keep their schedule in back-off.

    uv run python -m benchmarks nodes [--nodes 500] [--pods 2] [--seconds 60] [--answer refused]
        [--json FILE]

The load runs as in a run, in its own process. `refused`: nobody listens; `missing`: a real
registry answers that there is no such image. Lateness is from the moment kubelet's rules decided
on an attempt, and from each due sync, to the moment it was made.
"""

import argparse
import asyncio
import json
import socket
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import psutil

from harness.load.driver import LoadRun
from harness.process.child import Child
from tests.load_lab import LoadLab, open_load_lab

START_S = 1.5  # five hundred nodes are built before


def refusing_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def late(pulls: list[dict[str, Any]]) -> dict[str, float]:
    """How many, and how late they began. All first attempts come within an eighth of a second."""
    late_ms = [1000 * (row["started_s"] - row["due_s"]) for row in pulls]
    return {"pulls": len(pulls)} | {
        f"late_p{percent}_ms": quantile(late_ms, percent / 100) for percent in (50, 99, 100)
    }


async def watch(load: LoadRun, child: Child, until_s: float) -> dict[str, Any]:
    """Tallies and processor time of the load's process, until its end."""
    process = psutil.Process(child.pid)
    lateness_ms: list[float] = []
    before: tuple[float, float] | None = None
    seen: dict[str, Any] = {}

    async def listen() -> None:
        nonlocal before
        async for tally in load.tallies():
            now_s = time.monotonic()
            if now_s > until_s or not child.alive:
                continue
            lateness_ms.append(tally["lateness_ms_max"])
            used = process.cpu_times()
            cpu_s = used.user + used.system
            if before is None and tally["pods_created"]:
                before = (now_s, cpu_s)
            elif before is not None:
                seen["cpu_share"] = (cpu_s - before[1]) / (now_s - before[0])
            seen["resident_mib"] = process.memory_info().rss / 2**20
            seen["tally"] = tally

    listening = asyncio.ensure_future(listen())
    await load.finished()
    listening.cancel()
    return {**seen, "worst_second_ms": max(lateness_ms, default=0.0)}


async def measure(nodes: int, pods: int, seconds: float, answer: str) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        lab: LoadLab = await stack.enter_async_context(open_load_lab(folder, nodes=nodes))
        port = refusing_port()
        ports = dict.fromkeys(lab.nodes, port) if answer == "refused" else {}
        missing = "registry.harness.test/app:v1"
        orders = lab.orders(lab.rollout(missing, replicas=nodes * pods), until_s=seconds)
        started_s = time.monotonic()
        async with lab.load(orders, in_s=START_S, ports=ports) as load:
            ready_s = time.monotonic() - started_s
            until_s = started_s + START_S + seconds
            found = await watch(load, load.children()["load"], until_s)
        pulls = lab.rows("pulls")
        log = (folder / "logs" / "load.log").read_text(encoding="utf-8").strip()
        return {
            "nodes": nodes,
            "pods": nodes * pods,
            "answer": answer,
            "ready_s": ready_s,
            "first_attempts": late([row for row in pulls if row["attempt"] == 1]),
            "in_back_off": late([row for row in pulls if row["attempt"] > 1]),
            **found,
            "log": log[-500:],
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=500)
    parser.add_argument("--pods", type=int, default=2, help="on each node")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--answer", choices=("refused", "missing"), default="refused")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    args = parser.parse_args()
    found = asyncio.run(measure(args.nodes, args.pods, args.seconds, args.answer))
    print(json.dumps(found, indent=1))
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
