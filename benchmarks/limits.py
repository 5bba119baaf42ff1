"""What limits a run, in real runs: one for each limit, the link ever busier, and what a pull costs.

    uv run python -m benchmarks limits [--part limits|link|costs] [--json FILE]

Each run takes about 20 s. They want a quiet machine with two cores or more; `busy` is the share of
the time in which all cores were busy, and what was measured then says little.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOR_S = 12
SCENARIO = f"""\
name: case
environment: {{link: none, cluster: {{nodes: 1}}, registry: {{auth: none}}}}
images: {{app: {{size: 1MiB, layers: 2}}}}
load: {{pulls: [{{image: app, rate: 5/s, for: {FOR_S}s}}], give_up: 60s}}
faults:
expect: [{{metric: pull_error_rate, at_most: 0%}}]
"""
FAULT = "  - {FAULT, at: 0s, for: 12s}\n"
EMBEDDED = "environment.link=embedded"
TOKENS = "environment.registry.auth=token"
SLICED = (
    "slicing: {size: 64B}"  # an event of the link for each, so its core is the first to be busy
)

Case = tuple[str, str, tuple[str, ...], int]  # name, fault, settings, workers
LIMITS: tuple[Case, ...] = (
    ("nothing", "", (), 1),
    ("registry", "overloaded_registry: {at_once: 1, service: 100ms}", (), 1),
    ("client pool", "latency: {delay: 100ms}", (EMBEDDED, "load.pulls.0.users=1"), 1),
    ("generator", "", ("images.app.size=64MiB", "load.pulls.0.rate=32/s"), 1),
    ("machine", "", ("images.app.size=64MiB", "load.pulls.0.rate=64/s"), 2),
    ("link", SLICED, (EMBEDDED, "images.app.size=8MiB", "load.pulls.0.rate=5/s"), 1),
)
LINK: tuple[Case, ...] = tuple(
    (f"{rate}/s", SLICED, (EMBEDDED, "images.app.size=8MiB", f"load.pulls.0.rate={rate}/s"), 1)
    for rate in (0.5, 1, 1.5, 2, 2.25, 2.5, 2.75, 3)
)
SMALL, LARGE = ("images.app.size=64KiB", "load.pulls.0.rate=30/s"), ("images.app.size=256MiB",)
COSTS: tuple[Case, ...] = tuple(
    (f"{name}, {size}", "", (*settings, *images, *rate), 1)
    for name, settings in {
        "no link, no login": (),
        "no link, tokens": (TOKENS,),
        "TLS, tokens": (TOKENS, "environment.registry.tls=true"),
        "embedded link, tokens": (TOKENS, EMBEDDED),
        "Toxiproxy, tokens": (TOKENS, "environment.link=toxiproxy"),
    }.items()
    for size, images, rate in (
        ("64 KiB", SMALL, ()),
        ("256 MiB", LARGE, ("load.pulls.0.rate=1/s",)),
    )
)


def run(case: Case) -> dict[str, Any]:
    """The findings of a run, and the mean share of a core by process while pulls were due."""
    _, fault, settings, workers = case
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.yaml"
        faults = "faults:\n" + FAULT.replace("FAULT", fault) if fault else ""
        path.write_text(SCENARIO.replace("faults:\n", faults), encoding="utf-8")
        argv = [sys.executable, "-m", "harness", "run", str(path), "--json", "--quiet"]
        argv += ["--exit-zero", "--reports", folder, "--workers", str(workers)]
        argv += [word for setting in settings for word in ("--set", setting)]
        done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=300)
        findings: dict[str, Any] = json.loads(done.stdout)
        shares = defaultdict[str, list[float]](list)
        for line in (Path(findings["folder"]) / "events.jsonl").read_text().splitlines():
            event = json.loads(line)
            if event["event"] == "generator_health" and 1 <= event["at_s"] <= FOR_S:
                shares[event["process"]].append(event["cpu_share"])
    return findings | {"cores": {name: statistics.mean(it) for name, it in shares.items()}}


def shown(name: str, findings: dict[str, Any]) -> dict[str, Any]:
    """A row about what limited a run."""
    load, pulls = findings["load"], findings["pulls"][0]
    machine = load["machine"] or {"busy_share": 0.0}
    return {
        "case": name,
        "limited by": load["limited_by"],
        "also": ", ".join(one["word"] for one in load["limits"][1:]),
        "verdict": findings["verdict"],
        **{
            f"{one['process']} p90": f"{one['cpu_share_p90']:.0%}"
            for one in load["processes"]
            if one["process"] in ("load", "load-1", "link", "registry")
        },
        "busy": f"{machine['busy_share']:.0%}",
        "service p50, ms": milliseconds(pulls["service_p50"]),
        "service p95, ms": milliseconds(pulls["service_p95"]),
        "pull p95, ms": milliseconds(pulls["ok_p95"]),
        "text": load["limited_by_text"],
    }


def milliseconds(quantile: dict[str, Any]) -> str:
    value = quantile["value_s"]
    return "" if value is None else f"{value * 1000:,.0f}"


def cost(name: str, findings: dict[str, Any]) -> dict[str, Any]:
    """A row about what a pull costs each process, in milliseconds of processor time."""
    rate = findings["pulls"][0]["ok"] / FOR_S
    machine = findings["load"]["machine"] or {"busy_share": 0.0}
    return {
        "case": name,
        "pulls": findings["pulls"][0]["ok"],
        **{f"{it}, ms": f"{cores / rate * 1000:.2f}" for it, cores in findings["cores"].items()},
        "busy": f"{machine['busy_share']:.0%}",
        "service p50, ms": milliseconds(findings["pulls"][0]["service_p50"]),
    }


def measured(part: str) -> Iterator[dict[str, Any]]:
    cases, row = {"limits": (LIMITS, shown), "link": (LINK, shown), "costs": (COSTS, cost)}[part]
    for case in cases:
        told = row(case[0], run(case))
        print("  ".join(f"{key}: {value}" for key, value in told.items()), flush=True)
        yield told


def main() -> None:
    parts = ("limits", "link", "costs")
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--part", choices=parts)
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    figures = {part: list(measured(part)) for part in parts if chosen.part in (None, part)}
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
