"""`harness trend`: nightly runs in their order, and where they changed."""

import json
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.compare import MinimumEffect, MinimumPoints, limits_of
from harness.cli.settings import cache_folder, complain, fail
from harness.recording.outcome import ExitCode


def add_to(app: typer.Typer) -> None:
    app.command(no_args_is_help=True)(trend)


def trend(
    folder: Annotated[
        Path, typer.Argument(help="A folder of runs, such as `reports`.", metavar="FOLDER")
    ],
    minimum_effect: MinimumEffect = "10%",
    minimum_points: MinimumPoints = "5%",
    page: Annotated[
        Path | None,
        typer.Option(help="Path of the page; its Markdown goes beside it [default: in FOLDER]."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the series and their changes as JSON.")
    ] = False,
) -> None:
    """Show figures of nightly runs and when they changed.

    Each figure is a series, marked with the nights on which its level changed or perhaps did.
    Too few nights are said to be too few, with how many it takes. Writes trend.html and trend.md.
    Exits 0 whatever it finds.

    Example, every night, with the reports of the nights before still in the folder:

    \b
      harness run scenarios/latency.yaml --repeat 3
      harness trend reports
      harness trend reports --minimum-effect 20% --json > trend.json
    """  # noqa: D301  \b keeps lines as they are
    limits = limits_of(minimum_effect, minimum_points)
    from harness.report.bundle import javascript_beside

    with javascript_beside(cache_folder()) as bundle:
        from harness.analysis.run_figures import NotComparableError, read_run
        from harness.analysis.run_sets import run_folders
        from harness.analysis.trend import trend as trend_of

        try:
            folders = run_folders(folder)
            runs = [read_run(run) for run in folders]
        except NotComparableError as error:
            fail(str(error), ExitCode.USAGE)
        found = trend_of(str(folder), runs, limits)
        from harness.report.files import put
        from harness.report.trend_page import report_links, trend_markdown, trend_page, trend_text

        path = page or folder / "trend.html"
        named = dict(zip((run.run_id for run in runs), folders, strict=True))
        try:
            put(path, trend_page(found, bundle(), report_links(named, path)))
            put(path.with_suffix(".md"), trend_markdown(found))
        except OSError as error:
            fail(f"{path}: cannot be written: {error.strerror or error}", ExitCode.USAGE)
    print(json.dumps(found.as_json()) if as_json else trend_text(found))
    complain(f"page: {path}")
