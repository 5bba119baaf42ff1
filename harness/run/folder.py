"""The folder of one run: where it is, and what describes the run before it begins."""

import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness.plan.plan import Plan

_PACKAGES = ("registry-harness", "locust", "pandas", "pyarrow", "uvicorn", "toxiproxy-python")


class RunFolderError(Exception):
    """The disk refused the folder of a run. One sentence that names it and the reason."""


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Tell what the disk refuses inside the block as a RunFolderError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise RunFolderError(f"{folder}: cannot be written: {reason}") from error


def make_folder(reports: Path, scenario: str, run_id: str) -> Path:
    """`reports/<scenario>/<UTC time>-<run id>`, made. Raises RunFolderError."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = reports / scenario / f"{moment}-{run_id}"
    with writing(folder):
        (folder / "samples").mkdir(parents=True)
    return folder.resolve()


def describe(folder: Path, plan: Plan, *, scenario_text: str, about: Mapping[str, Any]) -> None:
    """Write `scenario.yaml`, `plan.json` and `run.json`. Raises RunFolderError."""
    run = {
        **about,
        "scenario": plan.scenario,
        "seed": plan.seed,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "host": host(),
    }
    with writing(folder):
        (folder / "scenario.yaml").write_text(scenario_text, encoding="utf-8")
        (folder / "plan.json").write_text(plan.to_json(), encoding="utf-8")
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
