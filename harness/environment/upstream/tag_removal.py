"""Takes away the tags that a killed run left in somebody's registry.

A journal is a file that anybody may have written. So the registry must be allowed by name again,
and only tags that carry the run's own id are touched.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.environment.registry_settings import RegistrySettings
from harness.environment.upstream.access import AccessRefused, upstream_settings
from harness.environment.upstream.client import upstream_client
from harness.environment.upstream.images import remove_tag
from harness.oci.digest import DIGEST_PATTERN
from harness.oci.reference import is_repository, is_tag
from harness.process.child import ChildError
from harness.registry_client.ask_error import AskError


@dataclass(frozen=True, kw_only=True)
class RegistryLeave:
    """Whom the user lets us ask, and the user's variables."""

    allowed: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


def remove_pushed_tag(folder: Path, undo: Mapping[str, Any], leave: RegistryLeave) -> str:
    """What was done. Raises ChildError when the tag is still there, KeyError."""
    url, repository, tag = str(undo["url"]), str(undo["repository"]), str(undo["tag"])
    digest = str(undo["digest"])
    run_id = folder.name.rpartition("-")[2]
    if not is_repository(repository) or not is_tag(tag) or not tag.endswith(f"-{run_id}"):
        raise ChildError(f"tag: one of this run, which ends in -{run_id}, got {tag[:200]!r}")
    if digest and not re.fullmatch(DIGEST_PATTERN, digest):
        raise ChildError(f"digest: none or a right one, got {digest[:200]!r}")
    names = undo.get("login_from")
    if names and not (isinstance(names, list) and list(map(type, names)) == [str, str]):
        raise ChildError(f"login_from: two names of variables or none, got {str(names)[:200]!r}")
    choice = RegistrySettings(
        provider="external",
        url=url,
        login_from=(names[0], names[1]) if names else None,
    )
    try:
        asyncio.run(_remove(choice, leave, (repository, tag, digest)))
    except (AccessRefused, AskError) as error:
        raise ChildError(f"tag {tag} of {repository}: {error}") from None
    return f"tag {tag} of {repository}: removed from {url}"


async def _remove(
    choice: RegistrySettings, leave: RegistryLeave, what: tuple[str, str, str]
) -> None:
    settings = upstream_settings(
        choice, allowed=leave.allowed, environment=leave.environment, cache_folder=Path()
    )
    assert settings is not None
    async with upstream_client(settings, settings.url) as client:
        await remove_tag(client, *what)
