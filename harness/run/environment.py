"""What a plan needs stood up."""

import secrets
from pathlib import Path

from harness.environment.lab_settings import LabSettings, LinkKind
from harness.environment.upstream.access import UpstreamSettings
from harness.plan.plan import Plan


def lab_settings(
    plan: Plan,
    *,
    link: LinkKind,
    toxiproxy_path: str | None,
    cache_folder: Path,
    upstream: UpstreamSettings | None = None,
    open_link_control: bool = False,
) -> LabSettings:
    """What `plan` needs stood up. The password is new each time and never leaves memory."""
    return LabSettings(
        seed=plan.seed,
        nodes=plan.load.nodes,
        images=plan.images,
        images_bytes=plan.disk_bytes,
        link=link,
        registry=plan.registry,
        password=secrets.token_urlsafe(18),
        toxiproxy_path=toxiproxy_path,
        cache_folder=cache_folder,
        upstream=upstream,
        open_link_control=open_link_control,
    )
