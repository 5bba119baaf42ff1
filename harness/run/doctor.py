"""Pre-flight: what this machine has, what a run would use, and how to mend what is missing.

Each check is a pure rule over facts; `examine` gathers the facts. `warn` is for what only some runs
need, `fail` for what stops every run.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from harness.clusters.errors import ClusterError
from harness.clusters.kind.containers import explain
from harness.clusters.kind.kind_cli import require_version
from harness.environment.go_program import SetupFailed
from harness.environment.programs import DISTRIBUTION, KIND
from harness.environment.toxiproxy import TOXIPROXY_VERSION, find_toxiproxy
from harness.environment.upstream.access import DISTRIBUTION_VARIABLE

Status = Literal["ok", "warn", "fail"]

_PYTHON: Final = (3, 11)
_OPEN_FILES: Final = 4096  # 500 nodes: a listener each at gateway and link, two at the resolver
_OPEN_FILES_LEAST: Final = 256
_DISK_BYTES: Final = 2 << 30  # images of an everyday scenario, their samples and the report
_DISK_LEAST_BYTES: Final = 256 << 20  # the reserve that every run keeps free
_PORTS: Final = 10_000
_CLOCK_STEP_S: Final = 1e-3  # times of requests are told in milliseconds
_ANSWER_S: Final = 5.0
# Measured: a cluster of three nodes (Kubernetes 1.34) takes 1.5 to 2 GiB.
_CLUSTER_BYTES: Final = 2 << 30
_MEMORY_LEAST_BYTES: Final = 512 << 20  # the services, Locust and the analysis of an everyday run
_MEMORY: Final = Path("/proc/meminfo")
_INOTIFY: Final = Path("/proc/sys/fs/inotify/max_user_instances")
_INOTIFY_INSTANCES: Final = 512
_PORT_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")


@dataclass(frozen=True, kw_only=True)
class Check:
    """One finding. `found` says what is there, `fix` what to do about it ("" for nothing)."""

    name: str
    status: Status
    found: str
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class ProgramOutput:
    """What a program said. `code` None: it did not end in time or could not be started."""

    code: int | None
    text: str


Ask = Callable[[Sequence[str]], ProgramOutput]


def examine(environment: Mapping[str, str], cache: Path) -> list[Check]:
    """Every check, in the order in which a run meets them. Nothing is changed or left running.

    `environment`: the variables (PATH, HARNESS_TOXIPROXY); `cache`: the harness's cache folder.
    """
    path = environment.get("PATH", os.defpath)
    named = environment.get("HARNESS_TOXIPROXY") or None
    here = Path.cwd()
    link = toxiproxy(named, cache, ask)
    engine = environment.get("KIND_EXPERIMENTAL_PROVIDER") or "docker"
    containers = docker(shutil.which(engine, path=path), ask, engine=engine)
    return [
        python(sys.version_info[:3]),
        open_files(_open_file_limit()),
        disk(here, shutil.disk_usage(here).free),
        memory(_MEMORY.read_text() if _MEMORY.exists() else ""),
        loopback(_loopback_problem()),
        ports(_PORT_RANGE.read_text() if _PORT_RANGE.exists() else ""),
        clock(time.get_clock_info("monotonic").resolution, datetime.now(UTC), _newest_file()),
        link,
        go(shutil.which("go", path=path), ask, needed=link.status != "ok"),
        containers,
        inotify(_INOTIFY.read_text() if _INOTIFY.exists() else ""),
        kind(environment.get("HARNESS_KIND") or None, cache, ask, path=path),
        node_image(
            environment.get("HARNESS_KIND_NODE_IMAGE") or "",
            engine if containers.status == "ok" else "",
            ask,
        ),
        distribution(environment.get(DISTRIBUTION_VARIABLE) or None, cache, path=path),
    ]


def ask(argv: Sequence[str]) -> ProgramOutput:
    """Run a program that only says something."""
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ANSWER_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return ProgramOutput(code=None, text=f"no answer within {_ANSWER_S:g} s")
    except OSError as error:
        return ProgramOutput(code=None, text=f"cannot be started: {error.strerror}")
    return ProgramOutput(code=done.returncode, text=(done.stdout.strip() or done.stderr.strip()))


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
        fix = "times shorter than that cannot be told apart; use another machine"
        return Check(name="clock", status="warn", found=found, fix=fix)
    if now < newest_file:
        found = f"{now:%Y-%m-%d %H:%M} UTC, which is before the harness was installed"
        return Check(name="clock", status="warn", found=found, fix="set the clock: tokens carry it")
    return Check(name="clock", status="ok", found=f"{now:%Y-%m-%d %H:%M} UTC")


def toxiproxy(named: str | None, cache: Path, asked: Ask) -> Check:
    """Which server the link would be: `named`, on PATH, in `cache`, else the embedded one."""
    try:
        found = find_toxiproxy(named=named, cache_folder=cache)
    except SetupFailed as error:
        fix = "name another with HARNESS_TOXIPROXY, or unset it"
        return Check(name="toxiproxy", status="fail", found=str(error), fix=fix)
    setup = "harness setup toxiproxy"
    if found is None:
        what = "none; the embedded link is used, which does all the same"
        return Check(name="toxiproxy", status="warn", found=what, fix=f"{setup}, for the real one")
    said = asked([str(found), "-version"])
    version = said.text.split()[-1] if said.code == 0 and said.text else ""
    if version.startswith("2.") or version == "git":
        return Check(name="toxiproxy", status="ok", found=f"{found}, version {version}")
    what = f"{found}: {version or said.text or 'says no version'}"
    fix = f"Toxiproxy {TOXIPROXY_VERSION} is needed: {setup}"
    return Check(name="toxiproxy", status="fail", found=what, fix=fix)


def go(program: str | None, asked: Ask, *, needed: bool) -> Check:
    """Go only builds Toxiproxy."""
    if program is None:
        fix = "install Go 1.23 or later, to build Toxiproxy" if needed else ""
        return Check(name="go", status="warn" if needed else "ok", found="not on PATH", fix=fix)
    said = asked([program, "version"])
    if said.code != 0:
        return Check(name="go", status="warn", found=_failure(program, said), fix="reinstall Go")
    return Check(name="go", status="ok", found=said.text.removeprefix("go version "))


def docker(program: str | None, asked: Ask, *, engine: str = "docker") -> Check:
    """The container engine is for clusters of kind and for registries in containers."""
    if program is None:
        found = f"{engine} is not on PATH; needed by --cluster kind only"
        return Check(name="docker", status="warn", found=found, fix="install Docker")
    shown = "{{.Server.Version}}" if engine == "docker" else "{{.Client.Version}}"
    said = asked([program, "version", "--format", shown])
    if said.code == 0:
        return Check(name="docker", status="ok", found=f"{engine} {said.text}")
    fix = f"start the {engine.capitalize()} service"
    if "permission denied" in said.text.lower():
        fix = "sudo usermod -aG docker $USER, and log in again"
    found = f"{program}: {explain(engine, said.text)}"
    return Check(name="docker", status="warn", found=found, fix=fix)


def kind(named: str | None, cache: Path, asked: Ask, *, path: str | None = None) -> Check:
    """The kind CLI makes real clusters: `named`, on PATH, or in `cache`."""
    setup = "harness setup kind"
    try:
        found = KIND.find(named=named, cache_folder=cache, path=path)
    except SetupFailed as error:
        fix = "name another with HARNESS_KIND, or unset it"
        return Check(name="kind", status="warn", found=str(error), fix=fix)
    if found is None:
        what = "not on PATH or in the cache; needed by --cluster kind only"
        return Check(name="kind", status="warn", found=what, fix=setup)
    said = asked([str(found), "version"])
    try:
        require_version(str(found), said.text)
    except ClusterError as error:
        return Check(name="kind", status="warn", found=str(error), fix=setup)
    return Check(name="kind", status="ok", found=f"{found}, {said.text.removeprefix('kind ')}")


def node_image(image: str, engine: str, asked: Ask) -> Check:
    """The image of kind's nodes: `image`, or kind's own when "". `engine` "": none answers."""
    if not engine:
        return Check(name="node image", status="ok", found="not asked: no engine answers")
    if not image:
        found = "kind's own, which the engine pulls when it is missing"
        return Check(name="node image", status="ok", found=found)
    said = asked([engine, "image", "inspect", "--format", "{{.Architecture}}", image])
    if said.code != 0:
        found = f"{image} is not on this machine, and is pulled"
        fix = f"{engine} pull {image}, or load it, or unset HARNESS_KIND_NODE_IMAGE"
        return Check(name="node image", status="warn", found=found, fix=fix)
    machine = asked([engine, "version", "--format", "{{.Server.Arch}}"])
    if machine.code == 0 and machine.text != said.text:
        found = f"{image} is for {said.text}, and the engine is {machine.text}"
        fix = "name another with HARNESS_KIND_NODE_IMAGE"
        return Check(name="node image", status="warn", found=found, fix=fix)
    return Check(name="node image", status="ok", found=f"{image}, {said.text}")


def distribution(named: str | None, cache: Path, *, path: str | None = None) -> Check:
    """The reference registry, for scenarios that ask for it."""
    try:
        found = DISTRIBUTION.find(named=named, cache_folder=cache, path=path)
    except SetupFailed as error:
        fix = f"name another with {DISTRIBUTION_VARIABLE}, or unset it"
        return Check(name="distribution", status="fail", found=str(error), fix=fix)
    if found is None:
        what = "none; the embedded registry is used (harness setup distribution builds it)"
        return Check(name="distribution", status="ok", found=what)
    return Check(name="distribution", status="ok", found=str(found))


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


def _failure(program: str, said: ProgramOutput) -> str:
    lines = said.text.splitlines() or ["says nothing"]
    return f"{program}: {lines[-1]}"


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
            socket.create_connection(server.getsockname()[:2], timeout=_ANSWER_S).close()
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here,
        ):
            there.bind(("127.0.0.1", 0))
            there.settimeout(_ANSWER_S)
            here.sendto(b"?", there.getsockname())
            there.recv(1)
    except OSError as error:
        return f"127.0.0.1: {error.strerror or error}"
    return ""


def _newest_file() -> datetime:
    return datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
