"""`harness audit`: what a registry holds, checked without changing it."""

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.settings import complain, fail
from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from harness.audit.ledger import Ledger
    from harness.registry_client.login import Login

Url = Annotated[str, typer.Argument(help="A registry, or one repository of it.", metavar="URL")]
Repositories = Annotated[
    list[str] | None,
    typer.Option(
        "--repository", metavar="PATTERN", help="Only these repositories, as 'team/*' or team/app."
    ),
]
Quick = Annotated[
    bool, typer.Option("--quick", help="Check blobs with HEAD requests instead of reading them.")
]
Names = Annotated[
    list[str] | None,
    typer.Option("--name-pattern", metavar="PATTERN", help="Pattern of allowed repository names."),
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag-pattern", metavar="PATTERN", help="Pattern of allowed tag names."),
]
Platforms = Annotated[
    list[str] | None,
    typer.Option("--platform", metavar="OS/ARCH", help="Platform that every image must support."),
]
Quota = Annotated[
    str | None, typer.Option("--quota", metavar="SIZE", help="Size limit of each repository.")
]
Since = Annotated[
    Path | None,
    typer.Option(
        "--since", metavar="FILE", help="Report tags that moved since this file was saved."
    ),
]
Save = Annotated[
    Path | None,
    typer.Option(
        "--save", metavar="FILE", help="Save the digest of each tag, for the next --since."
    ),
]
CertificateDays = Annotated[
    int,
    typer.Option(
        "--certificate-days",
        min=0,
        metavar="DAYS",
        help="Minimum remaining validity of the certificate.",
    ),
]
Authorities = Annotated[
    Path | None,
    typer.Option(
        "--ca", metavar="FILE", help="Trust only the certificate authorities in this file."
    ),
]
Timeout = Annotated[
    str,
    typer.Option(
        "--timeout", metavar="DURATION", help="Stop after this time and show what was found."
    ),
]
AtOnce = Annotated[
    int,
    typer.Option(
        "--concurrency", min=1, max=64, metavar="NUMBER", help="Number of parallel requests."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print all findings as JSON.")]
Junit = Annotated[
    Path | None, typer.Option("--junit", metavar="FILE", help="Also write a JUnit file.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]


def add_to(app: typer.Typer) -> None:
    app.command(no_args_is_help=True)(audit)


def audit(
    url: Url,
    repositories: Repositories = None,
    quick: Quick = False,
    names: Names = None,
    tags: Tags = None,
    platforms: Platforms = None,
    quota: Quota = None,
    since: Since = None,
    save: Save = None,
    certificate_days: CertificateDays = 14,
    ca: Authorities = None,
    at_once: AtOnce = 8,
    timeout: Timeout = "24h",
    as_json: Json = False,
    junit: Junit = None,
    quiet: Quiet = False,
) -> None:
    """Check the content of a registry, read-only.

    Logs in with HARNESS_REGISTRY_USERNAME and HARNESS_REGISTRY_PASSWORD, or with Docker's
    configuration for the host. Exits 1 on findings, 3 when the registry cannot be reached, 4 when
    not all of it was looked at.
    """
    from harness.audit import opening
    from harness.audit.audit import wanted_of
    from harness.audit.ledger import Ledger
    from harness.audit.memory import MemoryFileError, read_memory
    from harness.units import byte_count

    try:
        registry, name = opening.registry_url(url)
        wanted = wanted_of(
            [*(repositories or []), *([name] if name else [])],
            quick=quick,
            names=names or (),
            tags=tags or (),
            platforms=platforms or (),
            quota_bytes=0 if quota is None else byte_count(quota),
            at_once=at_once,
        )
        timeout_s = _timeout_s(timeout)
    except ValueError as error:
        fail(f"harness: {error}", ExitCode.USAGE)
    with tempfile.TemporaryDirectory(prefix="harness-audit-") as folder:
        ledger = Ledger(Path(folder) / "ledger.sqlite")
        try:
            ledger.remember(() if since is None else read_memory(since))
            audited = opening.audit(
                registry,
                wanted,
                ledger,
                login=_login(registry.netloc.decode("ascii")),
                ca=ca,
                certificate_days=certificate_days,
                timeout_s=timeout_s,
                progress=_silent if quiet or as_json else complain,
            )
            elapsed_s = _timed(audited)
            partial = bool(ledger.left_out(1))
            _save(save, ledger, partial=partial)
            _show(ledger, str(registry).rstrip("/"), elapsed_s, as_json=as_json, junit=junit)
            found = ExitCode.FAIL if ledger.counts() else ExitCode.PASS
        except opening.UnreachableError as error:
            fail(f"harness: {error}", ExitCode.ENVIRONMENT)
        except (MemoryFileError, OSError) as error:
            fail(f"harness: {error}", ExitCode.USAGE)
        finally:
            ledger.close()
    raise typer.Exit(ExitCode.INCONCLUSIVE if partial else found)


def _timed(work: "Coroutine[Any, Any, object]") -> float:
    """How many seconds it took."""
    import asyncio
    import time

    began_s = time.monotonic()
    asyncio.run(work)
    return time.monotonic() - began_s


def _save(path: Path | None, ledger: "Ledger", *, partial: bool) -> None:
    """Keep what each tag names for the next audit. Raises OSError."""
    from harness.audit.memory import write_memory

    if path is None:
        return
    if partial:
        complain(f"harness: {path}: not saved, because not all was looked at")
    else:
        write_memory(path, ledger.all_tags())


def _show(
    ledger: "Ledger", url: str, elapsed_s: float, *, as_json: bool, junit: Path | None
) -> None:
    from harness.audit import output

    if junit is not None:
        with junit.open("w", encoding="utf-8") as file:
            file.writelines(output.as_junit(ledger, url, elapsed_s=elapsed_s))
    if as_json:
        sys.stdout.writelines(output.as_json(ledger, url))
    else:
        for line in output.as_text(ledger, url):
            print(line)


def _timeout_s(text: str) -> float:
    from harness.units import seconds

    try:
        timeout_s = seconds(text)
    except ValueError as error:
        raise ValueError(f"--timeout: {error}, got {text[:100]!r}") from None
    if not timeout_s:
        raise ValueError(f"--timeout: must be longer than nothing, got {text[:100]!r}")
    return timeout_s


def _login(host: str) -> "Login":
    """The user's login for `host`, from the variables or from Docker's configuration."""
    from harness.environment.upstream.access import AccessRefused, docker_login
    from harness.registry_client.login import Login

    username = os.environ.get("HARNESS_REGISTRY_USERNAME", "")
    password = os.environ.get("HARNESS_REGISTRY_PASSWORD", "")
    if bool(username) != bool(password):
        fail(
            "harness: set both HARNESS_REGISTRY_USERNAME and HARNESS_REGISTRY_PASSWORD",
            ExitCode.USAGE,
        )
    if not username:
        folder = os.environ.get("DOCKER_CONFIG")
        config = (Path(folder) if folder else Path.home() / ".docker") / "config.json"
        try:
            username, password = docker_login(config, host)
        except AccessRefused as error:
            fail(f"harness: {error}", ExitCode.USAGE)
    return Login(username=username, password=password)


def _silent(_: str) -> None:
    pass
