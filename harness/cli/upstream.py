"""Which registry stands behind the gateway, decided before anything is started."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from harness.cli.settings import cache_folder, environment, fail
from harness.recording.outcome import ExitCode

if TYPE_CHECKING:
    from harness.environment.upstream.access import UpstreamSettings
    from harness.plan.plan import Plan


def upstream_of(plan: "Plan", allowed: Iterable[str]) -> "UpstreamSettings | None":
    """What `plan` has in place of the embedded registry, if the user allowed it; else exits."""
    from harness.environment.go_program import SetupFailed
    from harness.environment.upstream.access import AccessRefused, upstream_settings

    try:
        return upstream_settings(
            plan.registry,
            allowed=allowed,
            environment=environment(),
            cache_folder=cache_folder(),
        )
    except AccessRefused as error:
        fail(f"{plan.scenario}: {error}", ExitCode.USAGE)
    except SetupFailed as error:
        fail(f"{plan.scenario}: {error}", ExitCode.ENVIRONMENT)
