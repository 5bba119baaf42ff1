"""What pulls and pushes request when nothing fails, and when."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Literal, NamedTuple

from harness.environment.registry_settings import RegistrySettings
from harness.load.orders import (
    CLIENTS_NODE,
    REGISTRY_NAME,
    LoadOrders,
    PullsOrder,
    PushesOrder,
)
from harness.oci.images import ImageSpec
from harness.scenario.fault_support import Logins, logins_of
from harness.seams import RequestKind

# From a pod's creation to the first request of its pull: the median of node/pod_times.py.
_POD_START_S = 0.45


class Call(NamedTuple):
    """One pull or push by `node`. `does`: all of an image, only its tag, or a blob of its own."""

    node: str
    repository: str
    image: str
    does: Literal["pull", "check", "push"]


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request. `layer`: the position of its blob, None for all else; `body_bytes`: received.

    `login`: the answer is the challenge to log in.
    """

    kind: RequestKind
    method: str
    by: Literal["tag", "digest", ""] = ""
    layer: int | None = None
    body_bytes: int = 0
    login: bool = False


@dataclass(frozen=True, kw_only=True)
class Removal:
    """Images that vanish from nodes: the next pod pulls them again. `repository`: a glob."""

    at_s: float
    nodes: frozenset[str]
    repository: str


class Traffic:
    """The calls of a load by time. `logins`: bearer has a token service, basic has none.

    `nodes`: all that call, background clients as one; `parallel_layers`: of one pull.
    """

    def __init__(
        self,
        load: LoadOrders,
        images: Mapping[str, ImageSpec],
        logins: Logins,
        removals: Sequence[Removal] = (),
    ) -> None:
        self.nodes = (*load.nodes, CLIENTS_NODE)
        self.parallel_layers = load.node_settings.max_concurrent_downloads
        self._images = images
        self._logins = logins
        due = [*_calls_of_pods(load, removals)]
        due += [(at_s, call_of(it)) for it in load.streams() for at_s in it.due_s]
        due.sort(key=lambda it: it[0])
        self._times = [at_s for at_s, _ in due]
        self._calls = [call for _, call in due]
        self.asks = cache(self._asks)

    def timed(self) -> Iterator[tuple[float, Call]]:
        """Every call and when it begins, in order."""
        return zip(self._times, self._calls, strict=True)

    def between(self, begin_s: float, end_s: float) -> Counter[Call]:
        """The calls that begin in a time."""
        first, last = bisect_left(self._times, begin_s), bisect_left(self._times, end_s)
        return Counter(self._calls[first:last])

    def _asks(self, image: str, does: str) -> tuple[Ask, ...]:
        """The requests of one call of this kind."""
        kind = RequestKind.UPLOAD if does == "push" else RequestKind.MANIFEST
        asks = [*self._login(kind)]
        if does == "push":
            return (*asks, Ask(kind=kind, method="POST"), Ask(kind=kind, method="PUT"))
        asks.append(Ask(kind=kind, method="HEAD", by="tag"))
        if does == "check":
            return tuple(asks)
        spec = self._images[image]
        indexes = int(len(spec.platforms) > 1)
        asks += [Ask(kind=kind, method="GET", by="digest") for _ in range(1 + indexes)]
        asks += self._login(kind)
        asks.append(Ask(kind=RequestKind.BLOB, method="GET", by="digest"))
        asks += [
            Ask(kind=RequestKind.BLOB, method="GET", by="digest", layer=layer, body_bytes=size)
            for layer, size in enumerate(spec.layer_sizes)
        ]
        return tuple(asks)

    def _login(self, kind: RequestKind) -> Iterator[Ask]:
        if self._logins != "none":
            yield Ask(kind=kind, method="HEAD" if kind is RequestKind.MANIFEST else "", login=True)
        if self._logins == "bearer":
            yield Ask(kind=RequestKind.TOKEN, method="GET")


def traffic_of(
    load: LoadOrders,
    images: Iterable[ImageSpec],
    registry: RegistrySettings,
    removals: Sequence[Removal] = (),
) -> Traffic:
    """The traffic of `load`, whose images are `images`, at a registry of these settings."""
    named = {f"{REGISTRY_NAME}/{spec.name}:{spec.tag}": spec for spec in images}
    logins = logins_of(registry.provider, registry.auth, registry.profile)
    return Traffic(load, named, logins, removals)


def _repository(image: str) -> str:
    return image.partition("/")[2].rpartition(":")[0]


def _calls_of_pods(load: LoadOrders, removals: Sequence[Removal]) -> Iterator[tuple[float, Call]]:
    """A node pulls an image once; with the policy Always its further pods ask for the tag."""
    have: set[tuple[str, str]] = set()
    ahead = sorted(removals, key=lambda it: it.at_s)
    for rollout in sorted(load.rollouts, key=lambda it: it.at_s):
        while ahead and ahead[0].at_s <= rollout.at_s:
            have -= _removed(ahead.pop(0), have)
        for pod in rollout.pods:
            cold = (rollout.image, pod.node) not in have
            have.add((rollout.image, pod.node))
            if cold or rollout.pull_policy == "Always":
                does: Literal["pull", "check"] = "pull" if cold else "check"
                call = Call(pod.node, _repository(rollout.image), rollout.image, does)
                yield rollout.at_s + _POD_START_S, call


def _removed(removal: Removal, have: set[tuple[str, str]]) -> set[tuple[str, str]]:
    return {
        (image, node)
        for image, node in have
        if node in removal.nodes and fnmatchcase(_repository(image), removal.repository)
    }


def call_of(stream: PullsOrder | PushesOrder) -> Call:
    """What each arrival of a stream does; each background pull is cold."""
    if isinstance(stream, PullsOrder):
        return Call(CLIENTS_NODE, _repository(stream.image), stream.image, "pull")
    return Call(CLIENTS_NODE, stream.repository, "", "push")
