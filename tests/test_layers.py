"""Imports follow the way of the data, and what is dangerous or heavy stays behind its fence."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "harness"

# A line may import earlier lines only, and never its neighbours on the same line.
ARROW = (
    ("chance", "units", "version"),
    ("recording",),
    ("oci",),
    ("seams",),
    ("process",),
    ("node",),
    ("registry", "gateway", "link", "resolver"),
    ("faults", "load"),
    ("environment",),
    ("scenario",),
    ("plan",),
    ("clusters",),
    ("run",),
    ("audit",),
    ("analysis",),
    ("report",),
    ("cli",),
    ("testing",),
    ("pytest_plugin", "__main__"),
)
LINE = {name: number for number, line in enumerate(ARROW) for name in line}

# What only some modules may import. A name ending in a dot is a whole package.
FENCES: dict[str, dict[str, str]] = {
    "pandas": {
        "harness.analysis.": "computes findings",
        "harness.report.": "reads the frames of the analysis",
    },
    "pyarrow": {
        "harness.analysis.": "reads samples",
        "harness.report.": "writes tables",
        "harness.load.": "writes samples",
    },
    "altair": {"harness.report.": "draws"},
    "vl_convert": {"harness.report.": "puts Vega-Lite into the page, and draws pictures"},
    "lightkube": {"harness.clusters.rollouts.cluster_api": "the Kubernetes API"},
    "httpx2": {"harness.clusters.rollouts.cluster_api": "what lightkube raises"},
    "locust": {"harness.load.users": "importing it patches the whole process"},
    "gevent": {"harness.load.": "runs inside Locust"},
    "geventhttpclient": {"harness.load.": "runs inside Locust"},
    "dnslib": {
        "harness.resolver.": "the wire format",
        "harness.environment.canary": "looks the registry up as a node does",
        "harness.load.": "looks the registry up as a node does",
    },
    "subprocess": {
        "harness.process.child": "starts every service and the load, and ends them",
        "harness.environment.": "asks and builds other programs",
        "harness.clusters.program_calls": "asks kind, kubectl and the container engine",
        "harness.report.bundle": "makes the drawing library beside the analysis",
        "harness.run.doctor": "asks programs for their version",
        "harness.testing.cli_runs": "runs the command line as a user does",
    },
    "trustme": {"harness.environment.authority": "certificates of one run"},
    "cryptography": {"harness.load.tls": "reads the certificate that a server shows"},
    "typer": {"harness.cli.": "the command line"},
    "pytest": {
        "harness.pytest_plugin": "what pytest loads",
        "harness.testing.": "loaded with --harness only",
    },
    "rich": {"harness.cli.": "the terminal"},
}

# Where the environment may be read, and why.
ENVIRONMENT_READERS = {
    "harness.cli.": "flag > environment variable > file > default is decided here",
    "harness.process.child": "a child is started with the environment of its harness",
    "harness.environment.go_program": "Go is started with the environment of its harness",
}

HEAVY = (
    "numpy",
    "pandas",
    "pyarrow",
    "altair",
    "scipy",
    "locust",
    "gevent",
    "uvicorn",
    "httpx",
    "dnslib",
    "trustme",
    "cryptography",
)


def name_of(path: Path) -> str:
    """`harness/oci/__init__.py` is `harness.oci`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports(source: str, package: str) -> Iterator[tuple[int, str]]:
    """Line and absolute name of all that `source` imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) + 1 - node.level]
            base = ".".join([*parts, node.module or ""]).rstrip(".") if node.level else node.module
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def imports_of(module: str) -> Iterator[tuple[int, str]]:
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return imports(path.read_text(encoding="utf-8"), package)


def layer_of(name: str) -> str:
    """The part of the harness that a name belongs to; `harness` itself is its version."""
    parts = name.split(".")
    inner = parts[1] if len(parts) > 1 else ""
    return "version" if inner.startswith("__version") or not inner else inner


def against_the_arrow(module: str, imported: str) -> str | None:
    """Why `module` may not import `imported`, or None when it may."""
    if imported.split(".", maxsplit=1)[0] != "harness":
        return None
    who, what = layer_of(module), layer_of(imported)
    if who not in LINE or what not in LINE:
        return f"{who} or {what} has no place in the arrow yet"
    if who == what or LINE[what] < LINE[who]:
        return None
    return f"{who} may not import {what}"


def within(module: str, places: dict[str, str]) -> bool:
    """Whether `module` is one of `places` or inside one that ends in a dot."""
    return any(
        module == place or (place.endswith(".") and f"{module}.".startswith(place))
        for place in places
    )


def uses(source: str, name: str) -> Iterator[int]:
    """The lines on which `source` says `name` (`print`, `os.environ`)."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) == name:
            yield node.lineno


@pytest.mark.parametrize("module", MODULES)
def test_imports_follow_the_arrow(module: str) -> None:
    """Nothing flows back; imports inside functions and for types count too."""
    wrong = [
        f"{MODULES[module].relative_to(ROOT)}:{line}: {reason}"
        for line, imported in imports_of(module)
        if (reason := against_the_arrow(module, imported))
    ]
    assert wrong == []


@pytest.mark.parametrize("module", MODULES)
def test_fenced_libraries_stay_behind_their_fence(module: str) -> None:
    """pandas in the analysis, Locust in one file, processes in the environment, and so on."""
    wrong = [
        f"{MODULES[module].relative_to(ROOT)}:{line}: {imported} is not for {module}"
        for line, imported in imports_of(module)
        if not within(module, FENCES.get(imported.split(".")[0], {f"{module}": ""}))
    ]
    assert wrong == []


@pytest.mark.parametrize("module", MODULES)
def test_only_the_command_line_prints_and_reads_the_environment(module: str) -> None:
    """Processes are started from one place, too."""
    source = MODULES[module].read_text(encoding="utf-8")
    fences = {
        "print": {"harness.cli.": ""},
        "os.environ": ENVIRONMENT_READERS,
        "os.getenv": ENVIRONMENT_READERS,
        "asyncio.create_subprocess_exec": FENCES["subprocess"],
        "asyncio.create_subprocess_shell": {},
        "os.system": {},
    }
    wrong = [
        f"{MODULES[module].relative_to(ROOT)}:{line}: {name} is not for {module}"
        for name, places in fences.items()
        if not within(module, places)
        for line in uses(source, name)
    ]
    assert wrong == []


@pytest.mark.parametrize("arguments", [["--help"], ["check", "scenarios/quickstart.yaml"]])
def test_quick_commands_load_no_heavy_library(arguments: list[str]) -> None:
    """`harness --help` and `check` must be quick; whoever needs pandas imports it late."""
    code = (
        "import sys, contextlib\n"
        "from harness.cli import app\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(sys.stderr):\n"
        "    app()\n"
        "print(*sys.modules)"
    )
    argv = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT)
    loaded = done.stdout.split()
    assert "harness.cli" in loaded
    assert sorted(set(HEAVY).intersection(loaded)) == []


def test_imports_are_seen_wherever_they_hide() -> None:
    """The rules above are worth what this finds."""
    source = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from harness.run.run import Ended
def late():
    import pandas as pd
    from . import neighbour
    from ..seams import Seam
    from .. import analysis
"""
    assert list(imports(source, "harness.load"))[1:] == [
        (4, "harness.run.run.Ended"),
        (6, "pandas"),
        (7, "harness.load.neighbour"),
        (8, "harness.seams.Seam"),
        (9, "harness.analysis"),
    ]
    assert list(uses("import os\nx = os.environ['A']\nprint(x)", "os.environ")) == [2]


@pytest.mark.parametrize(
    ("module", "imported", "allowed"),
    [
        ("harness.analysis.delay", "harness.recording.recording.read_events", True),
        ("harness.analysis.delay", "harness.analysis.frames.Frame", True),
        ("harness.analysis.delay", "harness.process.child.Run", True),
        ("harness.environment.lab", "harness.analysis.Findings", False),
        ("harness.faults.latency", "harness.environment.link", False),
        ("harness.environment.lab", "harness.load.orders.LoadTarget", True),
        ("harness.load.driver", "harness.environment.lab.Lab", False),
        ("harness.load.driver", "harness.process.child.start_child", True),
        ("harness.gateway.app", "harness.registry.app", False),
        ("harness.seams", "harness.chance.Chance", True),
        ("harness.chance", "harness.seams.Seam", False),
        ("harness.cli", "harness.__version__", True),
    ],
)
def test_the_arrow_means_what_it_says(module: str, imported: str, *, allowed: bool) -> None:
    """Forward, sideways and back, by example."""
    assert (against_the_arrow(module, imported) is None) is allowed
