"""`harness doctor`, `setup` and `recover`: before a run, and after one that was killed."""

import json
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import (
    AllowContextOption,
    AllowRegistryOption,
    KubeconfigOption,
    ReportsOption,
)
from harness.cli.settings import cache_folder, complain, environment, fail, kubeconfigs, tell
from harness.recording.outcome import ExitCode


def add_to(app: typer.Typer) -> None:
    app.command()(doctor)
    app.add_typer(_setup_verbs(), name="setup")
    app.command()(recover)


def doctor(
    reports: ReportsOption = Path("reports"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the checks as JSON.")] = False,
) -> None:
    """Check this machine and say how to fix problems."""
    from dataclasses import asdict

    from harness.run.doctor import examine

    checks = examine(environment(), cache_folder(), reports)
    if as_json:
        print(json.dumps([asdict(check) for check in checks]))
    else:
        for check in checks:
            tell(f"{check.status:<5} {check.name:<16} {check.found}")
            if check.fix:
                print(f"{'':<23}{check.fix}")
    if any(check.status == "fail" for check in checks):
        raise typer.Exit(ExitCode.ENVIRONMENT)


def _setup_verbs() -> typer.Typer:
    verbs = typer.Typer(help="Install programs that the harness can use.", no_args_is_help=True)
    verbs.callback()(_setup)
    verbs.command(name="toxiproxy")(setup_toxiproxy)
    verbs.command(name="kind")(setup_kind)
    verbs.command(name="distribution")(setup_distribution)
    return verbs


def _setup() -> None:
    """Install programs that the harness can use into its own cache."""


def setup_toxiproxy() -> None:
    """Build Toxiproxy with Go, into the cache."""
    _install("toxiproxy")


def setup_kind() -> None:
    """Build the kind CLI with Go, into the cache."""
    _install("kind")


def setup_distribution() -> None:
    """Build the reference registry with Go, into the cache."""
    _install("distribution")


def _install(word: str) -> None:
    from harness.environment.go_program import SetupFailed
    from harness.environment.programs import PROGRAMS

    program = PROGRAMS[word]
    complain(f"building {program.name} {program.version} with Go; this takes about half a minute")
    try:
        path = program.install(cache_folder())
    except SetupFailed as error:
        fail(f"{word}: {error}", ExitCode.ENVIRONMENT)
    print(path)


def recover(
    allow_registry: AllowRegistryOption = None,
    allow_context: AllowContextOption = None,
    kubeconfig: KubeconfigOption = None,
    reports: ReportsOption = Path("reports"),
) -> None:
    """Undo what killed runs left behind.

    Processes, faults, changed content and pushed tags.
    """
    from harness.clusters.existing.namespace_removal import ContextLeave
    from harness.environment.upstream.tag_removal import RegistryLeave
    from harness.run.recover import recover as undo

    allowed = tuple(allow_registry or ())
    contexts = ContextLeave(allowed=tuple(allow_context or ()), kubeconfigs=kubeconfigs(kubeconfig))
    done = undo(reports, RegistryLeave(allowed=allowed, environment=environment()), contexts)
    for change in done:
        print(f"{change.run}: {change.text}")
    if not done:
        print(f"{reports}: nothing to undo")
    if any(change.failed for change in done):
        raise typer.Exit(ExitCode.ENVIRONMENT)
