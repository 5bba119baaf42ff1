"""Options that several verbs share, each with its environment variable."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.faults import Fault


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
    choice: LinkChoice,
    scenario: Literal["auto", "embedded", "toxiproxy", "none"],
    faults: "Iterable[Fault]" = (),
) -> Literal["auto", "embedded", "toxiproxy", "none"]:
    """The link to use: the option's, or the scenario's own.

    Instead of `auto` it is the embedded one where only that can do what `faults` need. Raises
    typer.BadParameter when a real Toxiproxy is asked for that cannot.
    """
    kinds: dict[LinkChoice, Literal["auto", "embedded", "toxiproxy", "none"]] = {
        LinkChoice.SCENARIO: scenario,
        LinkChoice.AUTO: "auto",
        LinkChoice.EMBEDDED: "embedded",
        LinkChoice.TOXIPROXY: "toxiproxy",
    }
    kind = kinds[choice]
    needing = [fault.word for fault in faults if fault.embedded_link_only]
    if needing and kind == "toxiproxy":
        raise typer.BadParameter(f"--link toxiproxy: {needing[0]} needs the embedded link")
    return "embedded" if needing and kind == "auto" else kind
