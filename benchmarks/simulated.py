"""What a simulated run costs by the number of its nodes: every node fails before it pulls.

A rollout of one pod a node, four layers, and an outage in its first 30 s, so that every node makes
three attempts. All samples are written, the report is not part of it. Each size has a process of
its own. The growth is the time for a node of the largest size over that of the smallest.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harness.plan.plan import build_plan
from harness.run.run import RunOptions, run_plan
from harness.scenario import load_text

SCENARIO = """\
name: simulated
seed: 1
environment:
  registry: {{auth: {auth}}}
  cluster: {{provider: simulated, nodes: {nodes}}}
images: {{app: {{size: 400MiB, layers: 4}}}}
load: {{rollouts: [{{name: app, image: app, replicas: {nodes}, at: 0s}}]}}
faults: [{{connection_refused: , at: 0s, for: 30s}}]
"""


def measured(nodes: int, auth: str) -> dict[str, Any]:
    """One run in this process."""
    text = SCENARIO.format(nodes=nodes, auth=auth)
    plan = build_plan(load_text("benchmark", text))
    with tempfile.TemporaryDirectory() as folder:
        options = RunOptions(
            reports=Path(folder),
            scenario_text=text,
            command="",
            link="auto",
            cache_folder=Path(folder) / "cache",
        )
        began_s, cpu_s = time.perf_counter(), time.process_time()
        ended = asyncio.run(run_plan(plan, options))
        if ended.reason != "finished":
            raise RuntimeError(ended.error or ended.reason)
        return {
            "nodes": nodes,
            "auth": auth,
            "wall_s": time.perf_counter() - began_s,
            "cpu_s": time.process_time() - cpu_s,
            "simulated_s": ended.at_s,
            "samples_bytes": sum(it.stat().st_size for it in (ended.folder / "samples").iterdir()),
            "resident_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10,
        }


def apart(nodes: int, auth: str) -> dict[str, Any]:
    """The same in a process of its own."""
    argv = [sys.executable, "-m", "benchmarks.simulated", "--one", f"{nodes}", "--auth", auth]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def main() -> None:
    """Print a table, and with --json write its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--auth", choices=("token", "none"), default="token")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measured(given.one, given.auth)))
        return
    rows = [apart(nodes, given.auth) for nodes in given.nodes]
    for row in rows:
        print(
            f"{row['nodes']:>7,} nodes, auth {row['auth']}: CPU {row['cpu_s']:.1f} s "
            f"({1000 * row['cpu_s'] / row['nodes']:.2f} ms a node), wall {row['wall_s']:.1f} s, "
            f"{row['resident_bytes'] / 2**20:,.0f} MiB resident, "
            f"{row['samples_bytes'] / 2**20:.1f} MiB of samples"
        )
    growth = (rows[-1]["cpu_s"] / rows[-1]["nodes"]) / (rows[0]["cpu_s"] / rows[0]["nodes"])
    print(f"growth of the time for a node: {growth:.2f}")
    if given.json:
        given.json.write_text(json.dumps({"rows": rows, "growth": growth}, indent=1) + "\n")


if __name__ == "__main__":
    main()
