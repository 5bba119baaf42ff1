"""What this machine has: each check is a pure rule over facts."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from harness.run.check import Check, Status

_PYTHON: Final = (3, 11)
_OPEN_FILES: Final = 4096  # 500 nodes: a listener each at gateway and link, two at the resolver
_OPEN_FILES_LEAST: Final = 256
_DISK_BYTES: Final = 2 << 30  # images of an everyday scenario, their samples and the report
_DISK_LEAST_BYTES: Final = 256 << 20  # the reserve that every run keeps free
_PORTS: Final = 10_000
_CLOCK_STEP_S: Final = 1e-3  # times of requests are shown in milliseconds
# Measured: a cluster of three nodes (Kubernetes 1.34) takes 1.5 to 2 GiB.
_CLUSTER_BYTES: Final = 2 << 30
_MEMORY_LEAST_BYTES: Final = 512 << 20  # the services, Locust and the analysis of an everyday run
_INOTIFY_INSTANCES: Final = 512


def python(version: tuple[int, int, int]) -> Check:
    found = ".".join(map(str, version))
    if version < _PYTHON:
        least = ".".join(map(str, _PYTHON))
        return Check(name="python", status="fail", found=found, fix=f"use Python {least} or later")
    return Check(name="python", status="ok", found=found)


def open_files(limit: int | None) -> Check:
    """`limit`: how many files a process may open at most; None where there is no limit."""
    if limit is None or limit >= _OPEN_FILES:
        found = "no limit" if limit is None else f"up to {limit}"
        return Check(name="open files", status="ok", found=found)
    return Check(
        name="open files",
        status="fail" if limit < _OPEN_FILES_LEAST else "warn",
        found=f"up to {limit}; hundreds of nodes need {_OPEN_FILES}",
        fix=f"ulimit -Hn {_OPEN_FILES}, or nofile in /etc/security/limits.conf",
    )


def inotify(instances: str) -> Check:
    """`instances`: how many each user may have, as Linux tells it; "" where nothing limits them."""
    if not instances.strip().isdigit() or int(instances) >= _INOTIFY_INSTANCES:
        return Check(name="inotify", status="ok", found=instances.strip() or "no limit")
    # kind: site/content/docs/user/known-issues.md, "Pod errors due to too many open files"
    return Check(
        name="inotify",
        status="warn",
        found=f"{instances.strip()} instances; nodes of more than two kind clusters need more",
        fix=f"sysctl fs.inotify.max_user_instances={_INOTIFY_INSTANCES}",
    )


def disk(folder: Path, free_bytes: int) -> Check:
    found = f"{free_bytes / 2**30:.1f} GiB free at {folder}"
    if free_bytes >= _DISK_BYTES:
        return Check(name="disk", status="ok", found=found)
    return Check(
        name="disk",
        status="fail" if free_bytes < _DISK_LEAST_BYTES else "warn",
        found=found,
        fix="free some space, or put reports elsewhere with --reports",
    )


def folders(problems: Mapping[Path, str]) -> Check:
    """`problems`: why nothing can be written in a folder that is needed, "" for nothing."""
    wrong = [f"{folder}: {problem}" for folder, problem in problems.items() if problem]
    if wrong:
        fix = "choose other folders with --reports and HARNESS_CACHE"
        return Check(name="folders", status="fail", found="; ".join(wrong), fix=fix)
    found = f"{' and '.join(map(str, problems))} can be written"
    return Check(name="folders", status="ok", found=found)


def loopback(problem: str) -> Check:
    """`problem`: what went wrong when something was sent to 127.0.0.1, "" for nothing."""
    if problem:
        fix = "allow TCP and UDP on 127.0.0.1: every part of a run listens there"
        return Check(name="loopback", status="fail", found=problem, fix=fix)
    return Check(name="loopback", status="ok", found="TCP and UDP reach 127.0.0.1")


def ports(port_range: str) -> Check:
    """`port_range`: "first last", as Linux tells it; "" where the system tells nothing."""
    try:
        first, last = map(int, port_range.split())
    except ValueError:
        return Check(name="ports", status="ok", found="the system does not tell its range")
    count = last - first + 1
    found = f"{count} for outgoing connections"
    if count < _PORTS:
        fix = f"sysctl net.ipv4.ip_local_port_range='{65535 - 2 * _PORTS} 65535'"
        return Check(name="ports", status="warn", found=found, fix=fix)
    return Check(name="ports", status="ok", found=found)


def clock(step_s: float, now: datetime, newest_file: datetime) -> Check:
    """`newest_file`: when the harness was installed; a clock before that is wrong."""
    if step_s > _CLOCK_STEP_S:
        found = f"the monotonic clock moves in steps of {step_s * 1000:g} ms"
        fix = "shorter times cannot be measured; use another machine"
        return Check(name="clock", status="warn", found=found, fix=fix)
    if now < newest_file:
        found = f"{now:%Y-%m-%d %H:%M} UTC, which is before the harness was installed"
        return Check(name="clock", status="warn", found=found, fix="set the clock: tokens carry it")
    return Check(name="clock", status="ok", found=f"{now:%Y-%m-%d %H:%M} UTC")


def memory(meminfo: str) -> Check:
    """`meminfo`: /proc/meminfo; "" where the system has none."""
    words = [line.split() for line in meminfo.splitlines() if line.startswith("MemAvailable:")]
    if not words:
        return Check(name="memory", status="ok", found="the system does not tell")
    free_bytes = int(words[0][1]) << 10
    found = f"{free_bytes / 2**30:.1f} GiB available"
    if free_bytes >= _CLUSTER_BYTES:
        return Check(name="memory", status="ok", found=found)
    status: Status = "fail" if free_bytes < _MEMORY_LEAST_BYTES else "warn"
    fix = "free some; a cluster of three nodes needs 2 GiB, an emulated run half of one"
    return Check(name="memory", status=status, found=found, fix=fix)
