"""The verbs of `harness`: the only place that prints, exits or reads the environment."""

import sys
import traceback
from typing import Annotated

import typer

from harness import __version__
from harness.cli import (
    audit,
    baselines,
    clean,
    compare,
    inspection,
    maintenance,
    reports,
    run,
    trend,
    up,
)
from harness.cli.stdout import exit_code_of, tolerate_lost_output
from harness.cli.stop import end_at_once_when_interrupted
from harness.recording.outcome import ExitCode

EPILOG = (
    "Exit codes: 0 pass, 1 an expectation failed, 2 usage or invalid scenario, 3 environment could "
    "not be set up, 4 inconclusive, 5 aborted by abort_when, 6 regression, 70 internal error, "
    "130 interrupted after everything was undone."
)

app = typer.Typer(
    name="harness",
    help="Test what happens to deployments when the container image registry misbehaves.",
    epilog=EPILOG,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for verbs in (run, up, inspection, reports, compare, baselines, trend, audit, maintenance, clean):
    verbs.add_to(app)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"harness {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version


def main() -> None:
    """The console script: anything unforeseen is an internal error, and says so."""
    end_at_once_when_interrupted()
    stdout = tolerate_lost_output()
    try:
        app()
    except SystemExit as ended:
        if not isinstance(ended.code, int):
            raise
        sys.exit(exit_code_of(ended.code, stdout))
    except Exception:  # noqa: BLE001  the last line of defence
        traceback.print_exc()
        print("harness: internal error; please report it with the lines above", file=sys.stderr)
        sys.exit(ExitCode.BUG)
