"""One pull as containerd does it: resolve, fetch, verify."""

from harness.node.commands import Credentials, Rule
from harness.node.content import ContentStore
from harness.node.settings import NodeSettings


def pull(
    image: str,
    *,
    registry_url: str,
    credentials: Credentials | None,
    content: ContentStore,
    settings: NodeSettings,
) -> Rule:
    """Pull `image` (as written in the pod) from `registry_url`; returns a PullResult.

    `registry_url` is scheme, host and port, as `server` of a hosts.toml names it.
    """
    raise NotImplementedError
