"""What a large recording costs to report on: time, memory and the size of its page.

An hour's recording is generated in the documented schema, `harness report` is run on it as a user
does, and its time, peak memory and page are measured. The limits are for ten million samples: a
minute, 2 GiB and 2.5 MB.
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harness.recording.samples import TABLES

_BATCH_ROWS: Final = 200_000
_HOUR_S: Final = 3600.0
_NODES: Final = 100
_FAULTS: Final = ((600.0, 900.0), (1800.0, 2100.0))
_ERRORS: Final = (
    "dial tcp: lookup registry.harness.test on 127.0.0.1:{port}: no such host",
    "received unexpected HTTP status: 503 Service Unavailable after {port} bytes",
)
_ARROW: Final = {"str": pa.string(), "float": pa.float64(), "int": pa.int64(), "bool": pa.bool_()}
Columns = dict[str, Any]


def pods(rng: np.random.Generator, rows: int) -> Columns:
    created = np.sort(rng.uniform(0, _HOUR_S - 200, rows))
    delay = rng.gamma(2.0, 2.0, rows)
    columns: Columns = {
        "pod": [f"app-{number}" for number in range(rows)],
        "created_s": created,
        "scheduled_s": created,
        "ready_s": created + delay,
        "ended_s": created + delay,
        "delay_s": delay,
    }
    for part, share in (
        ("schedule_s", 0.1),
        ("queue_s", 0.2),
        ("download_s", 0.6),
        ("start_s", 0.1),
    ):
        columns[part] = delay * share
    return columns | {"attempts": np.ones(rows, int), "round": np.ones(rows, int)}


def pulls(rng: np.random.Generator, rows: int) -> Columns:
    started = np.sort(rng.uniform(0, _HOUR_S - 10, rows))
    failed = rng.random(rows) < 0.05
    texts = [_ERRORS[n % 2].format(port=n % 60_000) if bad else "" for n, bad in enumerate(failed)]
    return {
        "pull": [f"p{number}" for number in range(rows)],
        "started_s": started,
        "due_s": started,
        "ended_s": started + rng.gamma(2.0, 0.5, rows),
        "outcome": np.where(failed, "failed", "ok"),
        "cause": np.where(failed, np.where(np.arange(rows) % 2, "server", "dns"), ""),
        "error_text": texts,
        "bytes": np.full(rows, 4 << 20),
        "requests": np.full(rows, 5),
        "attempt": np.ones(rows, int),
    }


def requests(rng: np.random.Generator, rows: int) -> Columns:
    sent = np.sort(rng.uniform(0, _HOUR_S - 10, rows))
    failed = rng.random(rows) < 0.02
    return {
        "pull": [f"p{number // 5}" for number in range(rows)],
        "kind": np.array(["manifest", "blob", "blob", "token", "blob"])[np.arange(rows) % 5],
        "method": np.full(rows, "GET"),
        "status": np.where(failed, 503, 200),
        "due_s": sent,
        "sent_s": sent,
        "first_byte_s": sent + 0.01,
        "done_s": sent + rng.gamma(2.0, 0.05, rows),
        "bytes": np.where(failed, 0, 1 << 20),
        "outcome": np.where(failed, "failed", "ok"),
        "cause": np.where(failed, "server", ""),
    }


def write_table(
    folder: Path, name: str, made: Columns, rows: int, rng: np.random.Generator
) -> None:
    """In batches, as the load writes them; what is not given is blank."""
    blank = {"str": "", "float": float("nan"), "int": 0, "bool": False}
    nodes = np.array([f"node-{n}" for n in range(_NODES)])
    made.setdefault("node", nodes[rng.integers(0, _NODES, rows)])
    made.setdefault("image", np.full(rows, "registry.harness.test/app:v1"))
    made.setdefault("outcome", np.full(rows, "ok"))
    table = pa.table(
        {
            column: pa.array(made[column], _ARROW[kind])
            if column in made
            else pa.repeat(pa.scalar(blank[kind], _ARROW[kind]), rows)
            for column, kind in TABLES[name].items()
        }
    )
    for number, start in enumerate(range(0, rows, _BATCH_ROWS)):
        pq.write_table(table.slice(start, _BATCH_ROWS), folder / f"{name}-big-{number:05}.parquet")


def generate(folder: Path, samples: int, pods_made: int) -> None:
    """A whole run folder with `samples` rows of all tables together."""
    rng = np.random.default_rng(7)
    (folder / "samples").mkdir(parents=True)
    pulled = (samples - pods_made) // 6
    counts = {"pods": pods_made, "pulls": pulled, "requests": samples - pods_made - pulled}
    for name, make in (("pods", pods), ("pulls", pulls), ("requests", requests)):
        write_table(folder / "samples", name, make(rng, counts[name]), counts[name], rng)
    faults = [
        {"id": f"latency-{n}", "word": "latency", "occurrence": 1, "at_s": a, "ends_s": b}
        | {"where": {}, "settings": {}}
        for n, (a, b) in enumerate(_FAULTS, 1)
    ]
    plan = {"scenario": "big", "seed": 7, "faults": faults, "expectations": [], "load": {}}
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    events: list[dict[str, Any]] = [
        {"event": "run_started", "at_s": 0, "run_id": "b16", "scenario": "big", "seed": 7},
        {"event": "load_started", "at_s": 0, "workers": 1},
    ]
    for fault in faults:
        about = {"fault": fault["id"], "word": "latency", "occurrence": 1}
        events.append({"event": "fault_injected", "at_s": fault["at_s"], "planned_s": 0} | about)
        events.append({"event": "fault_healed", "at_s": fault["ends_s"], "bites": 9} | about)
    events.append({"event": "run_ended", "at_s": _HOUR_S, "reason": "finished"})
    lines = "".join(json.dumps(event) + "\n" for event in events)
    (folder / "events.jsonl").write_text(lines, encoding="utf-8")


def generate_apart(folder: Path, samples: int, pods_made: int) -> None:
    """In a process of its own: a child's peak memory begins with what its parent holds."""
    maker = multiprocessing.get_context("spawn").Process(
        target=generate, args=(folder, samples, pods_made)
    )
    maker.start()
    maker.join()
    if maker.exitcode:
        raise SystemExit(f"the recording could not be generated: exit code {maker.exitcode}")


def report(folder: Path) -> dict[str, float]:
    """`harness report` on `folder`: seconds, peak MiB, MB of the page."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "report", str(folder)], stdout=subprocess.DEVNULL
    )
    _, _, usage = os.wait4(process.pid, 0)
    took_s = time.monotonic() - began
    return {
        "seconds": round(took_s, 1),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_mib": round(usage.ru_maxrss / 1024),
        "page_mb": round((folder / "report.html").stat().st_size / 1e6, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=10_000_000)
    parser.add_argument("--pods", type=int, default=1_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        generate_apart(run, options.samples, options.pods)
        figures = {"samples": options.samples} | report(run)
    for name, value in figures.items():
        print(f"  {name:<12} {value:>12,}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
