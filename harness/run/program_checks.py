"""Which programs a run would use, and whether they are fit for it."""

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.clusters.errors import ClusterError
from harness.clusters.kind.containers import explain
from harness.clusters.kind.kind_cli import require_version
from harness.environment.go_program import SetupFailed
from harness.environment.programs import DISTRIBUTION, KIND, TOXIPROXY
from harness.environment.upstream.access import DISTRIBUTION_VARIABLE
from harness.run.check import Check

_ANSWER_S: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class ProgramOutput:
    """What a program printed. `code` None: it did not end in time or could not be started."""

    code: int | None
    text: str


RunProgram = Callable[[Sequence[str]], ProgramOutput]


def run_program(argv: Sequence[str]) -> ProgramOutput:
    """Run a program that only prints something, for a few seconds at most."""
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


def toxiproxy(named: str | None, cache: Path, run: RunProgram) -> Check:
    """Which server the link would be: `named`, on PATH, in `cache`, else the embedded one."""
    try:
        found = TOXIPROXY.find(named=named, cache_folder=cache)
    except SetupFailed as error:
        fix = "name another with HARNESS_TOXIPROXY, or unset it"
        return Check(name="toxiproxy", status="fail", found=str(error), fix=fix)
    setup = "harness setup toxiproxy"
    if found is None:
        what = "none; the embedded link is used, which does all the same"
        return Check(name="toxiproxy", status="warn", found=what, fix=f"{setup}, for the real one")
    result = run([str(found), "-version"])
    version = result.text.split()[-1] if result.code == 0 and result.text else ""
    if version.startswith("2.") or version == "git":
        return Check(name="toxiproxy", status="ok", found=f"{found}, version {version}")
    what = f"{found}: {version or result.text or 'says no version'}"
    fix = f"Toxiproxy {TOXIPROXY.version} is needed: {setup}"
    return Check(name="toxiproxy", status="fail", found=what, fix=fix)


def go(program: str | None, run: RunProgram, *, needed: bool) -> Check:
    """Go only builds Toxiproxy."""
    if program is None:
        fix = "install Go 1.23 or later, to build Toxiproxy" if needed else ""
        return Check(name="go", status="warn" if needed else "ok", found="not on PATH", fix=fix)
    result = run([program, "version"])
    if result.code != 0:
        return Check(name="go", status="warn", found=_failure(program, result), fix="reinstall Go")
    return Check(name="go", status="ok", found=result.text.removeprefix("go version "))


def docker(program: str | None, run: RunProgram, *, engine: str = "docker") -> Check:
    """The container engine is for clusters of kind and for registries in containers."""
    if program is None:
        found = f"{engine} is not on PATH; needed by --cluster kind only"
        return Check(name="docker", status="warn", found=found, fix="install Docker")
    shown = "{{.Server.Version}}" if engine == "docker" else "{{.Client.Version}}"
    result = run([program, "version", "--format", shown])
    if result.code == 0:
        return Check(name="docker", status="ok", found=f"{engine} {result.text}")
    fix = f"start the {engine.capitalize()} service"
    if "permission denied" in result.text.lower():
        fix = "sudo usermod -aG docker $USER, and log in again"
    found = f"{program}: {explain(engine, result.text)}"
    return Check(name="docker", status="warn", found=found, fix=fix)


def kind(named: str | None, cache: Path, run: RunProgram, *, path: str | None = None) -> Check:
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
    result = run([str(found), "version"])
    try:
        require_version(str(found), result.text)
    except ClusterError as error:
        return Check(name="kind", status="warn", found=str(error), fix=setup)
    return Check(name="kind", status="ok", found=f"{found}, {result.text.removeprefix('kind ')}")


def node_image(image: str, engine: str, run: RunProgram) -> Check:
    """The image of kind's nodes: `image`, or kind's own when "". `engine` "": none answers."""
    if not engine:
        return Check(name="node image", status="ok", found="not asked: no engine answers")
    if not image:
        found = "kind's own, which the engine pulls when it is missing"
        return Check(name="node image", status="ok", found=found)
    result = run([engine, "image", "inspect", "--format", "{{.Architecture}}", image])
    if result.code != 0:
        found = f"{image} is not on this machine, and is pulled"
        fix = f"{engine} pull {image}, or load it, or unset HARNESS_KIND_NODE_IMAGE"
        return Check(name="node image", status="warn", found=found, fix=fix)
    machine = run([engine, "version", "--format", "{{.Server.Arch}}"])
    if machine.code == 0 and machine.text != result.text:
        found = f"{image} is for {result.text}, and the engine is {machine.text}"
        fix = "name another with HARNESS_KIND_NODE_IMAGE"
        return Check(name="node image", status="warn", found=found, fix=fix)
    return Check(name="node image", status="ok", found=f"{image}, {result.text}")


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


def _failure(program: str, result: ProgramOutput) -> str:
    lines = result.text.splitlines() or ["no output"]
    return f"{program}: {lines[-1]}"
