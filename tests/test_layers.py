"""Imports follow the way of the data, and what is dangerous or heavy stays behind its fence."""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "harness"

# A line may import earlier lines only, and never its neighbours on the same line.
ARROW = (
    ("chance", "units", "version"),
    ("recording",),
    ("oci",),
    ("registry_client",),
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
        "harness.recording.compaction": "makes one file of a table's samples",
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
        "harness.run.abort_signals": "runs the commands of abort_when",
        "harness.run.program_checks": "asks programs for their version",
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

# Modules beside the folders of harness/, itself among them.
LOOSE_MODULES = 5
# From how many modules on a name no longer tells which is meant.
SHARED_NAME = 3
PLAIN_NAMES = {"__init__", "__main__"}
WORDS = {"harness.gateway.acts.": "a file is found by the word of its act"}


def name_of(path: Path) -> str:
    """`harness/oci/__init__.py` is `harness.oci`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def tree_of(module: str) -> ast.Module:
    """The module's syntax, parsed once for all tests here."""
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def imports(tree: ast.Module, package: str) -> Iterator[tuple[int, str]]:
    """Line and absolute name of all that `tree` imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) + 1 - node.level]
            base = ".".join([*parts, node.module or ""]).rstrip(".") if node.level else node.module
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


@cache
def imports_of(module: str) -> tuple[tuple[int, str], ...]:
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    return tuple(imports(tree_of(module), package))


def module_of(name: str, modules: Iterable[str]) -> str | None:
    """The module that `name` is, or is defined in; None when it is not one of `modules`."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name or None


def import_graph(imported: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """Which modules each module imports, from the names that it imports."""
    return {
        module: {found for name in names if (found := module_of(name, imported))} - {module}
        for module, names in imported.items()
    }


def cycle_in(graph: Mapping[str, set[str]]) -> list[str]:
    """Modules that import one another in a ring, the first one again at the end; empty: none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])[::-1]  # graphlib goes from the imported to who imports it
    return []


def shared(names: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The names that too many modules bear, of pairs of a name and its module."""
    bearers: dict[str, set[str]] = defaultdict(set)
    for name, module in names:
        bearers[name].add(module)
    return {name: sorted(found) for name, found in bearers.items() if len(found) >= SHARED_NAME}


def classes_of(tree: ast.Module) -> list[str]:
    """Its public classes; a private one is met in its own module only."""
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]


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


def uses(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of each name that `tree` says (`print`, `os.environ`)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield node.lineno, f"{node.value.id}.{node.attr}"


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
    fences: dict[str, dict[str, str]] = {
        "print": {"harness.cli.": ""},
        "os.environ": ENVIRONMENT_READERS,
        "os.getenv": ENVIRONMENT_READERS,
        "asyncio.create_subprocess_exec": FENCES["subprocess"],
        "asyncio.create_subprocess_shell": {},
        "os.system": {},
    }
    wrong = [
        f"{MODULES[module].relative_to(ROOT)}:{line}: {name} is not for {module}"
        for line, name in uses(tree_of(module))
        if name in fences and not within(module, fences[name])
    ]
    assert wrong == []


def test_modules_import_no_module_that_imports_them() -> None:
    """No cycle anywhere, also none by imports inside functions or for types."""
    found = import_graph({module: {name for _, name in imports_of(module)} for module in MODULES})
    assert sum(map(len, found.values())) > len(MODULES)  # imports were seen at all
    assert cycle_in(found) == []


def test_the_map_names_every_folder_and_nothing_that_is_gone() -> None:
    """docs/whats-here.md is read before the code, so it moves with it."""
    text = (ROOT / "docs" / "whats-here.md").read_text(encoding="utf-8")
    named = set(re.findall(r"harness/[\w/.]+", text))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    folders = {f"harness/{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    assert sorted(folders - named) == []


def test_few_modules_stand_beside_the_folders() -> None:
    """Whatever belongs to a part of the harness is in its folder."""
    beside = [path.name for path in sorted(PACKAGE.glob("*.py"))]
    assert len(beside) <= LOOSE_MODULES, beside


def test_file_names_tell_which_file_is_meant() -> None:
    """No third `rules.py`: an editor's tab and a traceback show little more than the name."""
    names = ((path.stem, module) for module, path in MODULES.items() if not within(module, WORDS))
    assert {name: at for name, at in shared(names).items() if name not in PLAIN_NAMES} == {}


def test_class_names_tell_which_class_is_meant() -> None:
    """No third `Answer`: whoever searches for one finds what they meant."""
    names = ((name, module) for module in MODULES for name in classes_of(tree_of(module)))
    assert shared(names) == {}


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
    assert list(imports(ast.parse(source), "harness.load"))[1:] == [
        (4, "harness.run.run.Ended"),
        (6, "pandas"),
        (7, "harness.load.neighbour"),
        (8, "harness.seams.Seam"),
        (9, "harness.analysis"),
    ]
    said = set(uses(ast.parse("import os\nx = os.environ['A'].strip()\nprint(x)")))
    assert {(2, "os.environ"), (3, "print")} <= said


def test_a_planted_cycle_is_found_however_it_is_hidden() -> None:
    """One import at the top, one inside a function, one for types: a ring of three modules."""
    sources = {
        "harness.cli": "",
        "harness.cli.one": "from harness.cli.two import second",
        "harness.cli.two": "def second():\n    from harness.cli import three",
        "harness.cli.three": "if TYPE_CHECKING:\n    from .one import First",
        "harness.cli.four": "from harness.cli.one import First",
    }
    imported = {
        module: {name for _, name in imports(ast.parse(source), module.rpartition(".")[0])}
        for module, source in sources.items()
    }
    found = cycle_in(import_graph(imported))
    assert found[0] == found[-1]
    assert set(found) == {"harness.cli.one", "harness.cli.two", "harness.cli.three"}
    imported["harness.cli.three"] = set()
    assert cycle_in(import_graph(imported)) == []


def test_names_are_shared_from_the_third_module_on() -> None:
    """Twice in one module counts once, and a private class not at all."""
    names = [("Answer", "a"), ("Answer", "a"), ("Answer", "b"), ("Rule", "a")]
    assert shared(names) == {}
    assert shared([*names, ("Answer", "c")]) == {"Answer": ["a", "b", "c"]}
    assert classes_of(ast.parse("class Answer: ...\nclass _Own: ...")) == ["Answer"]


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
