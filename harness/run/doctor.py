"""Pre-flight: what this machine has, what a run would use, and how to fix what is missing.

`warn` is for what only some runs need, `fail` for what stops every run.
"""

import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from harness.environment.upstream.access import DISTRIBUTION_VARIABLE
from harness.run import machine_checks as machine
from harness.run import program_checks as programs
from harness.run.check import Check
from harness.run.program_checks import run_program

_MEMORY: Final = Path("/proc/meminfo")
_INOTIFY: Final = Path("/proc/sys/fs/inotify/max_user_instances")
_PORT_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOOPBACK_S: Final = 5.0


def examine(environment: Mapping[str, str], cache: Path, reports: Path) -> list[Check]:
    """Every check, in the order in which a run meets them. Nothing is changed or left running.

    `environment`: the variables (PATH, HARNESS_TOXIPROXY); `cache`: the harness's cache folder;
    `reports`: where run folders are made.
    """
    path = environment.get("PATH", os.defpath)
    named = environment.get("HARNESS_TOXIPROXY") or None
    here = Path.cwd()
    link = programs.toxiproxy(named, cache, run_program)
    engine = environment.get("KIND_EXPERIMENTAL_PROVIDER") or "docker"
    containers = programs.docker(shutil.which(engine, path=path), run_program, engine=engine)
    return [
        machine.python(sys.version_info[:3]),
        machine.open_files(_open_file_limit()),
        machine.disk(here, shutil.disk_usage(here).free),
        machine.folders({it: _write_problem(it) for it in (reports, cache)}),
        machine.memory(_MEMORY.read_text() if _MEMORY.exists() else ""),
        machine.loopback(_loopback_problem()),
        machine.ports(_PORT_RANGE.read_text() if _PORT_RANGE.exists() else ""),
        machine.clock(
            time.get_clock_info("monotonic").resolution, datetime.now(UTC), _newest_file()
        ),
        link,
        programs.go(shutil.which("go", path=path), run_program, needed=link.status != "ok"),
        containers,
        machine.inotify(_INOTIFY.read_text() if _INOTIFY.exists() else ""),
        programs.kind(environment.get("HARNESS_KIND") or None, cache, run_program, path=path),
        programs.node_image(
            environment.get("HARNESS_KIND_NODE_IMAGE") or "",
            engine if containers.status == "ok" else "",
            run_program,
        ),
        programs.distribution(environment.get(DISTRIBUTION_VARIABLE) or None, cache, path=path),
    ]


def _write_problem(folder: Path) -> str:
    """Why no file can be written in `folder`, or where it would be made; empty when one can."""
    there = next(it for it in (folder, *folder.resolve().parents) if it.exists())
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"?")
            file.flush()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _open_file_limit() -> int | None:
    try:
        import resource  # noqa: PLC0415  not on Windows
    except ImportError:
        return None
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if hard == resource.RLIM_INFINITY else hard


def _loopback_problem() -> str:
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname()[:2], timeout=_LOOPBACK_S).close()
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here,
        ):
            there.bind(("127.0.0.1", 0))
            there.settimeout(_LOOPBACK_S)
            here.sendto(b"?", there.getsockname())
            there.recv(1)
    except OSError as error:
        return f"127.0.0.1: {error.strerror or error}"
    return ""


def _newest_file() -> datetime:
    return datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
