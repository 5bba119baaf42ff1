"""Options that several verbs share, each with its environment variable."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer


class LinkChoice(StrEnum):
    """Which TCP link to use; `scenario` leaves it to the file."""

    SCENARIO = "scenario"
    AUTO = "auto"
    EMBEDDED = "embedded"
    TOXIPROXY = "toxiproxy"


ScenarioPaths = Annotated[
    list[Path], typer.Argument(help="Scenario files, or folders of them.", metavar="SCENARIO...")
]
ScenarioPath = Annotated[Path, typer.Argument(help="A scenario file.", metavar="SCENARIO")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Override a value, as in --set environment.cluster.nodes=16; may be repeated.",
    ),
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", help="Override the scenario's seed.", metavar="NUMBER")
]
LinkOption = Annotated[
    LinkChoice,
    typer.Option(
        "--link",
        envvar="HARNESS_LINK",
        help="The TCP link: real Toxiproxy where it can be had (auto), or only one of the two.",
    ),
]
ReportsOption = Annotated[
    Path, typer.Option("--reports", envvar="HARNESS_REPORTS", help="Where run folders go.")
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Show nothing while running; results only.")
]


def link_kind(
    choice: LinkChoice, scenario: Literal["auto", "embedded", "toxiproxy", "none"]
) -> Literal["auto", "embedded", "toxiproxy", "none"]:
    """The link to use: the option's, or the scenario's own."""
    match choice:
        case LinkChoice.SCENARIO:
            return scenario
        case LinkChoice.AUTO:
            return "auto"
        case LinkChoice.EMBEDDED:
            return "embedded"
        case LinkChoice.TOXIPROXY:
            return "toxiproxy"
