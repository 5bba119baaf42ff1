"""Options that several verbs share, each with its environment variable."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.faults import Fault


class ClusterChoice(StrEnum):
    """Who pulls; `scenario` leaves it to the file."""

    SCENARIO = "scenario"
    SIMULATED = "simulated"
    EMULATED = "emulated"
    KIND = "kind"
    EXISTING = "existing"


class LinkChoice(StrEnum):
    """Which TCP link to use; `scenario` leaves it to the file."""

    SCENARIO = "scenario"
    AUTO = "auto"
    EMBEDDED = "embedded"
    TOXIPROXY = "toxiproxy"


ScenarioPaths = Annotated[
    list[Path], typer.Argument(help="Scenario files or folders of them.", metavar="SCENARIO")
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
VarFileOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--var-file",
        metavar="FILE",
        help="Override values by a YAML file of PATH: VALUE lines; may be repeated. --set wins.",
    ),
]
SeedOption = Annotated[
    int | None,
    typer.Option(
        "--seed", envvar="HARNESS_SEED", help="Override the scenario's seed.", metavar="NUMBER"
    ),
]
LinkOption = Annotated[
    LinkChoice,
    typer.Option(
        "--link",
        envvar="HARNESS_LINK",
        help="The TCP link; auto is the real Toxiproxy if available, else the embedded link.",
    ),
]
ClusterOption = Annotated[
    ClusterChoice,
    typer.Option(
        "--cluster",
        envvar="HARNESS_CLUSTER",
        help="Which nodes pull: simulated, emulated, a kind cluster's or an existing cluster's.",
    ),
]
NodesOption = Annotated[
    int | None,
    typer.Option(
        "--nodes",
        envvar="HARNESS_NODES",
        min=1,
        metavar="NUMBER",
        help="Run on this many nodes, with the same number of pods. With --cluster kind or "
        "existing, the default is 3 if the scenario has more.",
    ),
]
KeepOption = Annotated[bool, typer.Option("--keep", help="Keep the kind cluster for --reuse NAME.")]
ReuseOption = Annotated[
    str | None,
    typer.Option("--reuse", metavar="NAME", help="Use a kind cluster that --keep kept."),
]
KindImageOption = Annotated[
    str | None,
    typer.Option(
        "--kind-image",
        envvar="HARNESS_KIND_NODE_IMAGE",
        metavar="IMAGE",
        help="The node image if the scenario names none [default: kind's own].",
    ),
]
KindConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--kind-config",
        envvar="HARNESS_KIND_CONFIG",
        metavar="FILE",
        help="The kind configuration to start from; the scenario's settings are merged into it "
        "[default: kind-config.yaml, if there is one].",
    ),
]
AllowRegistryOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-registry",
        metavar="HOST",
        help="Allow scenarios to use this external registry, or a host that it redirects to; may "
        "be repeated.",
    ),
]
AllowSignalOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-signal",
        metavar="HOST",
        help="Allow scenarios to ask a URL of this host in abort_when; may be repeated.",
    ),
]
AllowCommandsOption = Annotated[
    bool,
    typer.Option(
        "--allow-commands", help="Allow scenarios to run the commands of their abort_when."
    ),
]
AllowContextOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-context",
        metavar="NAME",
        help="Allow scenarios to use this kube-context of an existing cluster; may be repeated.",
    ),
]
KubeconfigOption = Annotated[
    Path | None,
    typer.Option(
        "--kubeconfig",
        metavar="FILE",
        help="The file with that context, read only [default: KUBECONFIG, or ~/.kube/config].",
    ),
]
ReportsOption = Annotated[
    Path,
    typer.Option(
        "--reports", envvar="HARNESS_REPORTS", metavar="FOLDER", help="Folder of the run folders."
    ),
]
BaselinesOption = Annotated[
    Path,
    typer.Option(
        "--baselines", envvar="HARNESS_BASELINES", metavar="FOLDER", help="Folder of the baselines."
    ),
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Show no progress, only the results.")
]


REAL = frozenset({ClusterChoice.KIND, ClusterChoice.EXISTING})


def cluster_settings(cluster: ClusterChoice) -> list[str]:
    """The choice as a scenario says it."""
    if cluster is ClusterChoice.SCENARIO:
        return []
    return [f"environment.cluster.provider={cluster.value}"]


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
