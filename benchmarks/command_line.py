"""What a user waits for at the command line: medians of whole processes, against their goals.

    uv run python -m benchmarks command_line [--rounds 5] [--first-start] [--json FILE]

Python keeps the bytecode that it made of a module at its first import: the rounds are those of a
machine that has run the harness before. With `--first-start` each process makes it anew, as right
after an installation (and for ever where PYTHONDONTWRITEBYTECODE is set).
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
GOALS = {
    "help_s": 0.5,
    "check_1000_lines_s": 1.0,
    "up_s": 5.0,
    "down_s": 3.0,
    "report_s": 3.0,
    "run_peak_mib": 300.0,
}
BRIEF = """\
name: brief
seed: 3
environment: {link: embedded, cluster: {nodes: 4}}
images:
  app: {size: 1MiB, layers: 4}
load:
  rollouts:
    - {name: app, image: app, replicas: 8, at: 0s, repeat: 4, every: 2s}
  pulls:
    - {image: app, rate: 5/s, users: 8, for: 8s}
faults:
  - latency: {delay: 20ms}
    at: 2s
    for: 2s
expect:
  - {metric: pods_ready, at_least: 100%}
"""


def harness(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "harness", *arguments]


def timed(*arguments: str, folder: Path) -> float:
    """Seconds of one whole process."""
    begun = time.monotonic()
    subprocess.run(harness(*arguments), cwd=folder, check=True, capture_output=True)
    return time.monotonic() - begun


def long_scenario(folder: Path) -> Path:
    """A thousand lines: two hundred faults, one after another."""
    lines = BRIEF.replace("brief", "long").split("faults:", maxsplit=1)[0].splitlines()
    lines.append("faults:")
    number = 0
    while len(lines) < 997:
        delay = 10 + number % 90
        lines += [
            f"  # the {number}th time that the path is slow",
            "  - latency:",
            f"      delay: {delay}ms",
            f"    at: {number * 3}s",
            "    for: 2s",
        ]
        number += 1
    lines += ["expect:", "  - {metric: pods_ready, at_least: 100%}"]
    path = folder / "long.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def up_and_down(folder: Path) -> tuple[float, float]:
    """From the command to its JSON, and from SIGTERM to the end."""
    begun = time.monotonic()
    process = subprocess.Popen(
        harness("up", "--json", "--link", "embedded"),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    process.stdout.readline()
    up_s = time.monotonic() - begun
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    return up_s, time.monotonic() - begun


def run_peak_mib(folder: Path) -> tuple[float, Path]:
    """The orchestrator's own peak, its analysis included, and the run folder."""
    (folder / "brief.yaml").write_text(BRIEF, encoding="utf-8")
    process = subprocess.Popen(
        harness("run", "brief.yaml", "--quiet"),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    watched, peak_bytes = psutil.Process(process.pid), 0
    while process.poll() is None:
        try:
            peak_bytes = max(peak_bytes, watched.memory_info().rss)
        except psutil.Error:
            break
        time.sleep(0.02)
    process.wait()
    newest = max((folder / "reports" / "brief").iterdir(), key=lambda path: path.name)
    return peak_bytes / 2**20, newest


@contextmanager
def scratch(*, first_start: bool) -> Iterator[Path]:
    """A folder of its own, from which this checkout's harness runs; bytecode is kept there."""
    os.environ["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryDirectory() as name:
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(name) / "bytecode")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        if first_start:
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        yield Path(name)


def measure(rounds: int, *, first_start: bool) -> dict[str, list[float]]:
    """Every round's figures."""
    figures: dict[str, list[float]] = {name: [] for name in GOALS}
    with scratch(first_start=first_start) as folder:
        long = long_scenario(folder)
        steps: dict[str, Callable[[], float]] = {
            "help_s": lambda: timed("--help", folder=folder),
            "check_1000_lines_s": lambda: timed("check", str(long), folder=folder),
        }
        if not first_start:
            run_peak_mib(folder)  # imports all there is
        for _ in range(rounds):
            for name, step in steps.items():
                figures[name].append(step())
            up_s, down_s = up_and_down(folder)
            figures["up_s"].append(up_s)
            figures["down_s"].append(down_s)
            peak_mib, run = run_peak_mib(folder)
            figures["run_peak_mib"].append(peak_mib)
            figures["report_s"].append(timed("report", str(run), folder=folder))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--first-start", action="store_true", help="without kept bytecode")
    parser.add_argument("--json", type=Path, help="write the figures of every round here")
    options = parser.parse_args()
    figures = measure(options.rounds, first_start=options.first_start)
    print(f"{'':<20}{'median':>9}{'min':>9}{'max':>9}{'goal':>9}")
    for name, values in figures.items():
        middle = statistics.median(values)
        print(f"{name:<20}{middle:>9.2f}{min(values):>9.2f}{max(values):>9.2f}{GOALS[name]:>9.1f}")
    if options.json:
        options.json.write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    main()
