"""What a run on a real kind cluster costs beside kind itself, and how well it measures pulls.

    uv run python -m benchmarks kind [--json FILE]

Needs Docker and kind (HARNESS_KIND_NODE_IMAGE names the node image); without them nothing is
measured. `overhead`: the whole `harness run` without the time of its load, minus what `kind create`
and `kind delete` take by themselves in the same run. `pulls`: the durations in the samples beside
those in containerd's own log.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd

from harness.clusters.rollouts.pull_messages import go_seconds
from harness.load.orders import CLIENTS_NODE

ROOT = Path(__file__).parents[1]
SCENARIO = """\
name: kind-bench
environment: {cluster: {provider: kind, nodes: 2}}
images: {app: {size: 16MiB, layers: 3}}
load:
  rollouts: [{name: app, image: app, replicas: 8, repeat: 3, every: 8s, pull_policy: Always}]
"""
PULLED = re.compile(r'Pulled image \\"([^"\\]+)\\" .* in ([0-9.hmsµu]+)"')


def seconds_of(*argv: str, cwd: Path = ROOT) -> float:
    began = time.monotonic()
    subprocess.run(argv, cwd=cwd, check=True, capture_output=True, timeout=900)
    return time.monotonic() - began


def kind_alone(folder: Path) -> float:
    """Create a cluster of the same shape and delete it, by kind itself."""
    image = os.environ.get("HARNESS_KIND_NODE_IMAGE")
    words = ["--name", "bench", "--wait", "120s", *(["--image", image] if image else [])]
    config = ["--config", str(ROOT / "kind-config.yaml"), "--kubeconfig", str(folder / "alone")]
    return seconds_of("kind", "create", "cluster", *words, *config) + seconds_of(
        "kind", "delete", "cluster", "--name", "bench"
    )


def harness(folder: Path, *words: str) -> tuple[float, Path]:
    """One run: its seconds, and its folder."""
    scenario = folder / "kind-bench.yaml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    reports = folder / f"reports{len(words)}"
    took_s = seconds_of(
        *(sys.executable, "-m", "harness", "run", str(scenario), "--quiet", "--exit-zero"),
        *("--reports", str(reports), *words),
    )
    [run] = (reports / "kind-bench").iterdir()
    return took_s, run


def events(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]


def cluster_of(run: Path) -> dict[str, Any]:
    details: dict[str, Any] = next(
        event["details"] for event in events(run) if event.get("room") == "cluster"
    )
    return details


def load_s(run: Path) -> float:
    ended = next(event for event in events(run) if event["event"] == "load_ended")
    return float(ended["at_s"])


def containerd_pulls(run: Path) -> list[float]:
    """The durations that containerd logged, in seconds, of the run's images."""
    found = []
    for node in cluster_of(run)["nodes"].values():
        log = subprocess.run(
            ["docker", "exec", node, "journalctl", "--unit", "containerd", "--output", "cat"],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout
        found += [
            go_seconds(took)
            for image, took in PULLED.findall(log)
            if image.startswith("registry.harness.test/")
        ]
    return sorted(found)


def sampled_pulls(run: Path) -> list[float]:
    pulls = pd.read_parquet(run / "samples" / "pulls.parquet")
    pulls = pulls[pulls["node"] != CLIENTS_NODE]
    return sorted(pulls["ended_s"] - pulls["started_s"])


def measure(folder: Path) -> dict[str, Any]:
    alone_s = kind_alone(folder)
    whole_s, run = harness(folder)
    overhead_s = whole_s - load_s(run) - alone_s
    _, kept = harness(folder, "--keep")
    name = next(
        event["details"]["name"] for event in events(kept) if event.get("room") == "cluster"
    )
    try:
        logged, sampled = containerd_pulls(kept), sampled_pulls(kept)
    finally:
        seconds_of("kind", "delete", "cluster", "--name", name)
    apart_ms = [abs(ours - its) * 1000 for ours, its in zip(sampled, logged, strict=False)]
    return {
        "kind_create_and_delete_s": round(alone_s, 1),
        "overhead_s": round(overhead_s, 1),
        "pulls_logged": len(logged),
        "pulls_sampled": len(sampled),
        "apart_median_ms": round(statistics.median(apart_ms), 1) if apart_ms else None,
        "apart_max_ms": round(max(apart_ms), 1) if apart_ms else None,
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    if shutil.which("kind") is None or shutil.which("docker") is None:
        print("kind or docker is not on PATH: not measured")
        return
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder))
    for name, value in figures.items():
        print(f"{name:28} {value}")
    if chosen.json:
        chosen.json.write_text(json.dumps(figures) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
