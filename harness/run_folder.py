"""The folder of one run: where it is, and what describes the run before it begins."""

import json
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness.plan import Plan

_PACKAGES = ("registry-harness", "locust", "pandas", "pyarrow", "uvicorn", "toxiproxy-python")


def make_folder(reports: Path, scenario: str, run_id: str) -> Path:
    """`reports/<scenario>/<UTC time>-<run id>`, made."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = reports / scenario / f"{moment}-{run_id}"
    (folder / "samples").mkdir(parents=True)
    return folder.resolve()


def describe(folder: Path, plan: Plan, *, scenario_text: str, about: Mapping[str, Any]) -> None:
    """Write down what the run is: `scenario.yaml`, `plan.json` and `run.json`."""
    (folder / "scenario.yaml").write_text(scenario_text, encoding="utf-8")
    (folder / "plan.json").write_text(plan.to_json(), encoding="utf-8")
    run = {
        **about,
        "scenario": plan.scenario,
        "seed": plan.seed,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "host": host(),
    }
    (folder / "run.json").write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")


def versions() -> Mapping[str, str]:
    """Of Python and of the packages that decide what a run measures."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def host() -> Mapping[str, Any]:
    """What the machine is; not its name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if os.name == "posix" else 0
    return {
        "system": platform.platform(),
        "cpus": os.cpu_count(),
        "memory_bytes": memory,
        "disk_free_bytes": shutil.disk_usage(Path.cwd()).free,
        "byte_order": sys.byteorder,
    }
