"""Where a pull sends its requests: the registry as the node's hosts.toml names it."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from harness.node.commands import Request
from harness.oci.reference import Reference
from harness.seams import RequestKind

USER_AGENT = "containerd/2.4.2 (registry-harness)"  # what a real node sends, and who is asking

# containerd: core/remotes/docker/registry.go, DefaultHost.
_DEFAULT_HOSTS = {"docker.io": "registry-1.docker.io"}


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One registry host for one image; the time limits are containerd's own or the node's.

    `registry_url` may have a path, below which the API is. `is_last`: no other host is tried
    after it.
    """

    registry_url: str
    name: Reference
    progress_timeout_s: float
    is_last: bool = True

    def url(self, kind: str, reference: str) -> str:
        """`…/v2/<repository>/manifests|blobs/<reference>`.

        A host that is not the image's own is told whose it stands for
        (core/remotes/docker/registry.go, isProxy).
        """
        url = f"{self.registry_url.rstrip('/')}/v2/{self.name.repository}/{kind}/{reference}"
        host = urlsplit(self.registry_url).netloc
        if host in (self.name.host, _DEFAULT_HOSTS.get(self.name.host)):
            return url
        return f"{url}?ns={quote(self.name.host, safe='')}"

    def request(
        self,
        kind: RequestKind,
        method: str,
        url: str,
        *,
        client: str,
        headers: Mapping[str, str],
        sink: str = "",
        range_from: int = 0,
    ) -> Request:
        """A request with this endpoint's time limits."""
        return Request(
            kind=kind,
            method=method,
            url=url,
            client=client,
            headers={"User-Agent": USER_AGENT, **headers},
            sink=sink,
            range_from=range_from,
            progress_timeout_s=self.progress_timeout_s,
        )
