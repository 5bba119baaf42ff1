"""Failed pulls in events and logs of nodes: the bites of what faults changed in them."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from harness.clusters.errors import ClusterError
from harness.seams import HostsMistake

# What a failed pull says of each change (node.texts, node.causes).
OF_HOSTS: Final[Mapping[HostsMistake, str]] = {
    HostsMistake.WRONG_HOST: r"no such host",
    HostsMistake.WRONG_PORT: r"connect: connection refused",
    HostsMistake.WRONG_PATH: r"not found",
}
OF_CREDENTIALS: Final = r"401 Unauthorized|403 Forbidden|authorization failed|basic auth"
OF_DISK: Final = r"no space left on device"
OF_PULL_QPS: Final = r"pull QPS exceeded"
_NEXT_HOST: Final = b"trying next host"  # containerd: core/remotes/docker/resolver.go


def failures(events: bytes, pattern: str, nodes: Iterable[str]) -> dict[str, int]:
    """How often each event of `nodes` (Kubernetes names) that says `pattern` was seen, by its uid.

    `events` is what `kubectl get events --output json` answered. Raises ClusterError.
    """
    wanted, found = set(nodes), {}
    for event in _items(events, "events"):
        node = (event.get("source") or {}).get("host") or event.get("reportingInstance", "")
        if node in wanted and re.search(pattern, event.get("message") or ""):
            found[event["metadata"]["uid"]] = int(event.get("count") or 1)
    return found


def since(before: Mapping[str, int], now: Mapping[str, int]) -> int:
    """How often events were seen since `before`: kubelet counts the same one on."""
    return sum(max(0, count - before.get(uid, 0)) for uid, count in now.items())


def went_on(log: bytes) -> int:
    """How often containerd gave a host up for the next, by its own log."""
    return sum(_NEXT_HOST in line for line in log.splitlines())


def _items(answer: bytes, what: str) -> list[Any]:
    try:
        document = json.loads(answer)
        return list(document.get("items", ()))
    except (ValueError, AttributeError, TypeError) as error:
        raise ClusterError(f"{what}: the node answered otherwise than in JSON") from error
