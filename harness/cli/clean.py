"""`harness clean`: old run folders, listed and, on demand, deleted."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from harness.cli.options import ReportsOption
from harness.cli.settings import complain, fail
from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from harness.run.clean import OldFolder

_UNITS: Final = {"h": "hours", "d": "days", "w": "weeks"}


def add_to(app: typer.Typer) -> None:
    app.command()(clean)


def clean(
    keep: Annotated[
        str, typer.Option(metavar="AGE", help="Keep runs that are not older, as 12h, 30d or 8w.")
    ] = "30d",
    delete: Annotated[
        bool, typer.Option("--delete", "--yes", help="Delete them; without it, only list them.")
    ] = False,
    reports: ReportsOption = Path("reports"),
) -> None:
    """List old run folders; --delete deletes them.

    Runs that are still running, and killed runs with changes to undo, are kept. So is every folder
    that is not the folder of a run or of a suite.
    """
    from harness.run.clean import old_folders

    age = _age(keep)
    try:
        found = old_folders(reports, age, datetime.now(UTC))
    except OSError as error:
        fail(f"{reports}: cannot be read: {error.strerror or error}", ExitCode.ENVIRONMENT)
    done = [one for one in found if _handled(one, delete=delete)]
    print(_sum(done, delete=delete) if done else f"{reports}: no run older than {keep} to delete")
    if len(done) < sum(not one.kept for one in found):
        raise typer.Exit(ExitCode.ENVIRONMENT)


def _age(text: str) -> timedelta:
    form = re.fullmatch(r"(\d{1,4})([hdw])", text)
    if not form:
        rule = f"must be a number and h, d or w, as 30d, got {text!r}"
        raise typer.BadParameter(rule, param_hint="--keep")
    return timedelta(**{_UNITS[form[2]]: int(form[1])})


def _handled(one: "OldFolder", *, delete: bool) -> bool:
    """Whether `one` was deleted, or would be."""
    from harness.run.clean import delete as remove

    if one.kept:
        print(f"kept          {one.path}: {one.kept}")
        return False
    if delete:
        try:
            remove(one)
        except OSError as error:
            complain(f"harness: {one.path}: cannot be deleted: {error.strerror or error}")
            return False
    print(f"{'deleted     ' if delete else 'would delete'}  {one.path}: {_figures([one])}")
    return True


def _sum(done: list["OldFolder"], *, delete: bool) -> str:
    count = f"{len(done)} folder{'s' if len(done) > 1 else ''}, {_figures(done)}"
    return f"deleted {count}" if delete else f"would delete {count}; add --delete to delete them"


def _figures(folders: list["OldFolder"]) -> str:
    from harness.report.words import size

    files = sum(one.files for one in folders)
    return f"{files:,} files, {size(sum(one.size_bytes for one in folders))}"
