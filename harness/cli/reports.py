"""`harness report`: every page and table again, from a recording alone."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.settings import cache_folder, complain, fail, tell
from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from harness.analysis import Findings


class PictureFormat(StrEnum):
    """What report --to knows."""

    SVG = "svg"
    PNG = "png"


RunFolder = Annotated[Path, typer.Argument(help="A run folder.", metavar="RUN_DIR")]


def add_to(app: typer.Typer) -> None:
    app.command(no_args_is_help=True)(report)
    app.command(no_args_is_help=True)(export)


def report(
    folder: RunFolder,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings.")] = False,
    form: Annotated[
        PictureFormat | None,
        typer.Option("--to", help="Only draw each chart, into the folder `pictures` of the run."),
    ] = None,
) -> None:
    """Rebuild findings, tables and pages from a run folder.

    A partial recording is enough.
    """
    if not (folder / "plan.json").exists():
        fail(f"{folder}: is not a run folder: it has no plan.json", ExitCode.USAGE)
    if form:
        _draw(folder, form)
        return
    try:
        findings = written(folder)
    except NotWritten as error:
        fail(f"harness: {error}", ExitCode.INCONCLUSIVE)
    if as_json:
        print(json.dumps(findings.as_json()))
    else:
        print_findings(findings, folder)


def _draw(folder: Path, form: PictureFormat) -> None:
    from harness.report.pictures import write_pictures

    try:
        paths = write_pictures(folder, form.value)
    except OSError as error:
        fail(f"{folder}: cannot be written: {error.strerror or error}", ExitCode.INCONCLUSIVE)
    for path in paths:
        print(path)


class ExportFormat(StrEnum):
    """What --to knows."""

    PARQUET = "parquet"
    CSV = "csv"
    NDJSON = "ndjson"
    OPENMETRICS = "openmetrics"


def export(
    folder: RunFolder,
    form: Annotated[ExportFormat, typer.Option("--to", help="The format.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder to write to [default: export/<format> in the run folder].",
        ),
    ] = None,
) -> None:
    """Export a run's tables and findings for other tools.

    docs/data.md describes them. Examples:

    \b
      harness export reports/latency/20261124T020000Z-3fa9c1 --to csv --out /tmp/latency
      harness export reports/latency/20261124T020000Z-3fa9c1 --to openmetrics
    """  # noqa: D301  \b keeps lines as they are
    from harness.analysis import NoRecordingError
    from harness.report.export import export as write

    try:
        paths = write(folder, form.value, out or folder / "export" / form)
    except NoRecordingError as error:
        fail(str(error), ExitCode.USAGE)
    except OSError as error:
        fail(
            f"{error.filename}: cannot be written: {error.strerror or error}", ExitCode.INCONCLUSIVE
        )
    for path in paths:
        print(path)


class NotWritten(Exception):  # noqa: N818  reads as what it says
    """The pages could not be written. One sentence."""


def written(folder: Path) -> "Findings":
    """Every page and table of `folder`. Raises NotWritten when the disk refuses them."""
    from harness.report import write_reports

    try:
        return write_reports(folder, cache_folder())
    except OSError as error:
        reason = error.strerror or error
        retry = f"run `harness report {folder}` to try again"
        raise NotWritten(f"{folder}: the report cannot be written: {reason}; {retry}") from error


def print_findings(findings: "Findings", folder: Path, title: str = "") -> None:
    """Verdict and expectations on stdout, under `title`; where the pages are on stderr."""
    from harness.report.text import findings_text

    text = findings_text(findings)
    tell(f"\n== {title} ==\n{text}" if title else text)
    complain(f"report: {folder / 'report.html'}")


def print_suite(reports: Path, runs: list[Path], *, as_json: bool) -> Path | None:
    """The table of many runs on stdout, unless that is for programs; its folder below `reports`."""
    from datetime import UTC, datetime

    from harness.report.suite import suite_text, write_suite

    suite = reports / f"suite-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    try:
        rows = write_suite(suite, runs)
    except OSError as error:
        complain(f"harness: {suite}: the suite cannot be written: {error.strerror or error}")
        return None
    if not as_json:
        tell(f"\n{suite_text(rows)}")
    complain(f"suite: {suite / 'suite.html'}")
    return suite


def write_junit(path: Path, runs: list[tuple[Path, str]]) -> None:
    """The cases of all (run folder, "repeat 2 of 5") in one file; a failed write is reported."""
    from harness.report.files import put
    from harness.report.junit import joined_junit

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        put(path, joined_junit(runs))
    except OSError as error:
        complain(f"harness: {path}: cannot be written: {error.strerror or error}")
