"""A registry that is not ours as a service: its process, if the run starts one, and its images."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.environment.upstream.access import UpstreamSettings
from harness.environment.upstream.client import upstream_client
from harness.environment.upstream.distribution import open_distribution
from harness.environment.upstream.images import UpstreamImages
from harness.process.child import Child, ChildError, Run


@dataclass(frozen=True, kw_only=True)
class UpstreamService:
    """A registry that answers. `child` is None for one that somebody else runs."""

    url: str
    child: Child | None
    images: UpstreamImages
    config: Mapping[str, Any]  # for the gateway's process


@asynccontextmanager
async def open_upstream(
    run: Run, settings: UpstreamSettings, root: Path
) -> AsyncIterator[UpstreamService]:
    """Start the registry if it is the run's own; its images are gone again at the end.

    Raises ChildError.
    """
    own = settings.provider == "distribution"
    async with AsyncExitStack() as stack:
        child, url = None, settings.url
        if own:
            if settings.program is None:
                raise ChildError("distribution: no program was found for it")
            opening = open_distribution(run, settings.program, root)
            child, url = await stack.enter_async_context(opening)
        client = await stack.enter_async_context(upstream_client(settings, url))
        images = UpstreamImages(
            client=client,
            url=url,
            root=root,
            journal=run.journal,
            suffix="" if own else f"-{run.run_id}",
            login_from=settings.login_from,
        )
        stack.push_async_callback(images.remove)
        yield UpstreamService(
            url=url,
            child=child,
            images=images,
            config={"url": url, "allowed": list(settings.allowed), "own_tokens": own},
        )
