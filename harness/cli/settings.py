"""What the verbs share: where things are, and how they say that something is wrong."""

import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.clusters.cluster import ClusterOptions
    from harness.scenario import Complaint


def cache_folder() -> Path:
    """Where programs that `harness setup` installs are kept: HARNESS_CACHE, or the XDG cache."""
    if own := os.environ.get("HARNESS_CACHE"):
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "registry-harness"


def toxiproxy_path() -> str | None:
    """The toxiproxy-server that the user named."""
    return os.environ.get("HARNESS_TOXIPROXY") or None


def kubeconfigs(named: Path | None) -> tuple[Path, ...]:
    """Where kube-contexts are looked for: as kubectl does, the first file that has one."""
    if named is not None:
        return (named,)
    listed = [Path(it) for it in os.environ.get("KUBECONFIG", "").split(os.pathsep) if it]
    return tuple(listed or [Path.home() / ".kube" / "config"])


def cluster_options(
    *, keep: bool, reuse: str | None, image: str | None, config: Path | None
) -> "ClusterOptions":
    """What is known of a kind cluster beside the scenario: the flags, and who makes it."""
    from harness.clusters.cluster import ClusterOptions

    usual = Path("kind-config.yaml")
    return ClusterOptions(
        config=config or (usual if usual.exists() else None),
        image=image,
        kind_path=os.environ.get("HARNESS_KIND") or None,
        engine=os.environ.get("KIND_EXPERIMENTAL_PROVIDER") or None,  # kind's own variable
        keep=keep,
        reuse=reuse,
    )


def environment() -> dict[str, str]:
    """The environment, for those who may not read it themselves."""
    return dict(os.environ)


def command_line() -> str:
    """The command that was given, as a shell reads it."""
    return shlex.join(["harness", *sys.argv[1:]])


def complain(message: str) -> None:
    """One or more lines on stderr."""
    typer.echo(message, err=True)


def warn(warnings: "Iterable[Complaint]") -> None:
    """Each on a line of stderr; nothing is refused."""
    for warning in warnings:
        complain(f"warning: {warning}")


_COLORS = {
    **dict.fromkeys(("pass", "ok"), typer.colors.GREEN),
    "fail": typer.colors.RED,
    **dict.fromkeys(("inconclusive", "warn"), typer.colors.YELLOW),
}
_VERDICT = re.compile(rf"^({'|'.join(_COLORS)})\b", re.IGNORECASE | re.MULTILINE)


def tell(text: str) -> None:
    """A result on stdout; on a terminal the verdict that begins a line is coloured.

    NO_COLOR (no-color.org) turns that off.
    """
    styled = _VERDICT.sub(lambda it: typer.style(it[0], fg=_COLORS[it[0].lower()]), text)
    typer.echo(styled, color=False if os.environ.get("NO_COLOR") else None)


def fail(message: str, code: ExitCode) -> NoReturn:
    """Say what is wrong on stderr and exit."""
    complain(message)
    raise typer.Exit(code)
