"""One short scenario for each fault, on emulated and on simulated nodes: what their nodes saw.

`python -m tests.contract.twin_runs [WORD...]` runs them on emulated nodes, several at a time, and
writes what was seen into `emulated_runs.json`, which the simulated ones are held to.
"""

import asyncio
import json
import re
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow.parquet as pq

from harness.faults import catalogue
from harness.plan.plan import build_plan
from harness.run.run import RunOptions, run_plan
from harness.scenario import load
from harness.scenario.loading import read_held_fault
from harness.seams import Seam
from tests.contract.test_every_fault import VARIANTS

RECORDED = Path(__file__).with_name("emulated_runs.json")
_AT_ONCE = 5
_SCENARIO = """\
name: twin
summary: One fault while five pods pull a new version, and clients push.
seed: 5
environment:
  registry: {{provider: embedded, auth: token, tls: {tls}}}
  link: embedded
  cluster: {{provider: {provider}, nodes: 5}}
images:
  app: {{size: 300KiB, layers: 3}}
load:
  rollouts:
    - {{name: app, image: app, replicas: 5, at: 0s, repeat: 2, every: 4s}}
  pushes:
    - {{repository: pushed, size: 64KiB, rate: 1/s, at: 1500ms, for: 6s}}
  give_up: 45s
faults:
  - {fault}
    at: 3s
    for: 4s
"""
_SHARE = re.compile(r", share: [\d.]+%|share: [\d.]+%(, )?")
_NORMAL = (
    (re.compile(r"sha256:[0-9a-f]{64}"), "sha256:D"),
    (re.compile(r"(?<=ingest/)[0-9a-f]{64}"), "D"),
    (re.compile(r"(127\.[\d.]+|registry\.harness\.test|192\.0\.2\.54|\[::1\]):\d+"), r"\1:P"),
    (re.compile(r"ticket=[\w%-]+"), "ticket=T"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "T"),
)


def twin_faults() -> dict[str, str]:
    """Each fault as a scenario has it; draws differ between the twins, so that none is a share."""
    found = {}
    for name, text in VARIANTS.items():
        word, _, settings = text.partition(": ")
        if getattr(read_held_fault(text, nodes=5).fault, "share", 1.0) < 1:
            inner = _SHARE.sub("", settings).strip("{} ")
            settings = "{" + ", ".join(filter(None, (inner, "share: 100%"))) + "}"
        found[name] = f"{word}: {settings}"
    return found


def twin_scenario(fault: str, provider: str) -> str:
    """The scenario of a fault."""
    seams = read_held_fault(fault, nodes=5).fault.seams_needed()
    tls = str(Seam.TLS in seams).lower()
    return _SCENARIO.format(tls=tls, provider=provider, fault=fault)


async def seen_in(folder: Path, text: str) -> dict[str, Any]:
    """Run `text` in `folder`; what its nodes saw, without what differs between two runs."""
    scenario = load(_written(folder, text))
    options = RunOptions(
        reports=folder / "reports",
        scenario_text=text,
        command="",
        link="embedded",
        cache_folder=folder / "cache",
    )
    ended = await run_plan(build_plan(scenario), options)
    assert ended.reason == "finished", ended
    return _seen(ended.folder)


def _written(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    path = folder / "twin.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def _seen(folder: Path) -> dict[str, Any]:
    pods, pulls, requests, events = (
        _rows(folder / "samples" / f"{table}.parquet")
        for table in ("pods", "pulls", "requests", "pod_events")
    )
    pushes = _rows(folder / "samples" / "pushes.parquet")
    asked: dict[str, list[str]] = defaultdict(list)
    for row in requests:
        asked[row["pull"]].append(f"{row['method']} {row['kind']} {row['status']}")
    attempts: dict[str, list[Any]] = defaultdict(list)
    for row in sorted(pulls, key=lambda it: it["attempt"]):
        told = [row["outcome"], row["cause"], _normal(row["error_text"])]
        attempts[row["pod"]].append([*told, _not_by_chance(asked[row["pull"]])])
    reasons: dict[str, list[str]] = defaultdict(list)
    for row in sorted(events, key=lambda it: it["at_s"]):
        if not row["type"]:
            reasons[row["pod"]].append(row["reason"])
    return {
        "attempts": dict(sorted(attempts.items())),
        "reasons": dict(sorted(reasons.items())),
        "outcomes": {row["pod"]: row["outcome"] for row in sorted(pods, key=lambda it: it["pod"])},
        "pushes": sorted(
            [row["outcome"], row["cause"], _normal(row["error_text"])] for row in pushes
        ),
        "delay_s": {
            str(number): round(
                median(row["ended_s"] - row["created_s"] for row in pods if row["round"] == number),
                2,
            )
            for number in (1, 2)
        },
    }


def _not_by_chance(requests: list[str]) -> list[str]:
    """What was asked for, without what depends on which layer came first.

    That decides how many connections and so look-ups there are, and how many layers are under way
    when one fails.
    """
    blobs = {it for it in requests if " blob " in it and not it.endswith(" 0")}
    failed = {it for it in blobs if not it.endswith((" 200", " 206"))}
    others = [it for it in requests if " blob " not in it and " dns " not in it]
    return [*sorted(others), *sorted(failed or blobs)]


def _rows(path: Path) -> list[dict[str, Any]]:
    return pq.read_table(path).to_pylist() if path.exists() else []


def _normal(text: str) -> str:
    for pattern, replacement in _NORMAL:
        text = pattern.sub(replacement, text)
    return text


async def _record(words: list[str]) -> None:
    chosen = {
        name: fault
        for name, fault in twin_faults().items()
        if not words or fault.partition(":")[0] in words
    }
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(name: str, fault: str, folder: Path) -> None:
        async with places:
            try:
                recorded[name] = await seen_in(folder, twin_scenario(fault, "emulated"))
                sys.stderr.write(f"{name}: recorded\n")
            except Exception as error:  # noqa: BLE001  the others go on
                sys.stderr.write(f"{name}: {type(error).__name__}: {error}\n")

    with tempfile.TemporaryDirectory() as folder:
        async with asyncio.TaskGroup() as tasks:
            for number, (name, fault) in enumerate(chosen.items()):
                tasks.create_task(one(name, fault, Path(folder) / str(number)))
    known = {name: recorded[name] for name in twin_faults() if name in recorded}
    RECORDED.write_text(json.dumps(known, indent=0, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    assert set(sys.argv[1:]) <= set(catalogue())
    asyncio.run(_record(sys.argv[1:]))
