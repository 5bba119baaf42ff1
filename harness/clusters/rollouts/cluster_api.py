"""The Kubernetes API of one cluster, as far as a run needs it: make, watch, delete."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from harness.clusters.errors import ClusterError
from harness.clusters.guard import require_own_namespace, run_namespace

if TYPE_CHECKING:
    from lightkube import AsyncClient, KubeConfig

_TIMEOUT_S: Final = 30.0
_WATCH_AGAIN_S: Final = 0.2
_POLL_S: Final = 0.2
_GONE_S: Final = 60.0
_NOT_FOUND, _CONFLICT = 404, 409

Deletable = Literal["Deployment", "Pod", "Secret"]
Change = tuple[str, dict[str, Any]]  # ADDED, MODIFIED or DELETED, and the object


class ClusterApi:
    """`run_id`: the only namespace that is touched is this run's. Raises ClusterError."""

    def __init__(self, client: "AsyncClient", run_id: str) -> None:
        self._client = client
        self._run_id = run_id
        self._namespace = run_namespace(run_id)

    async def make(self, manifest: dict[str, Any]) -> None:
        """Make an object, or give one of that name this content (server-side apply)."""
        from lightkube import codecs  # noqa: PLC0415  a third of a second, only with a cluster

        with _told(f"{manifest['kind']} {manifest['metadata']['name']}"):
            await self._client.apply(
                codecs.from_dict(manifest), field_manager="harness", force=True
            )

    async def watch(self, what: Literal["pods", "events"]) -> AsyncIterator[Change]:
        """Every change in the run's namespace, what is there first; it goes on until closed.

        When the connection ends, what is there is sent again: readers must recognise it.
        """
        import httpx2  # noqa: PLC0415  see above
        from lightkube.core.exceptions import ApiError  # noqa: PLC0415  see above
        from lightkube.resources.core_v1 import Event, Pod  # noqa: PLC0415  see above

        kind: Any = Pod if what == "pods" else Event
        while True:
            try:
                seen = self._client.watch(kind, namespace=self._namespace)
                async for change, item in seen:
                    plain: dict[str, Any] = item.to_dict()
                    yield change, plain
            except (ApiError, httpx2.HTTPError):
                await asyncio.sleep(_WATCH_AGAIN_S)

    async def await_daemons(self, name: str, *, pods: int, patience_s: float) -> bool:
        """Whether so many pods of the DaemonSet of this name became Ready in time."""
        from lightkube.resources.apps_v1 import DaemonSet  # noqa: PLC0415  see above

        with _told(f"DaemonSet {name}"), suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while True:
                    found = await self._client.get(DaemonSet, name, namespace=self._namespace)
                    if found.status and (found.status.numberReady or 0) >= pods:
                        return True
                    await asyncio.sleep(_POLL_S)
        return False

    async def delete(self, name: str, kind: Deletable = "Deployment") -> None:
        """Delete an object of this name and its pods; one that is gone is no error."""
        from lightkube.core.exceptions import ApiError  # noqa: PLC0415  see above
        from lightkube.resources.apps_v1 import Deployment  # noqa: PLC0415  see above
        from lightkube.resources.core_v1 import Pod, Secret  # noqa: PLC0415  see above

        resources: dict[Deletable, Any] = {"Deployment": Deployment, "Pod": Pod, "Secret": Secret}
        with _told(f"{kind} {name}"):
            try:
                await self._client.delete(resources[kind], name, namespace=self._namespace)
            except ApiError as error:
                if error.status.code != _NOT_FOUND:
                    raise

    async def nodes(self) -> Sequence[Mapping[str, Any]]:
        """All nodes of the cluster, as the API describes them."""
        from lightkube.resources.core_v1 import Node  # noqa: PLC0415  see above

        with _told("nodes"):
            return [item.to_dict() async for item in self._client.list(Node)]

    async def delete_namespace(self) -> bool:
        """Delete the run's namespace with all that is in it, and wait until it is gone.

        Whether it was there.
        """
        from lightkube.core.exceptions import ApiError  # noqa: PLC0415  see above
        from lightkube.resources.core_v1 import Namespace  # noqa: PLC0415  see above

        was_there = False
        with _told(f"Namespace {self._namespace}"):
            try:
                async with asyncio.timeout(_GONE_S):
                    while True:
                        found = await self._client.get(Namespace, self._namespace)
                        labels = found.metadata.labels if found.metadata else None
                        require_own_namespace(self._namespace, labels, self._run_id)
                        was_there = True
                        await self._client.delete(Namespace, self._namespace)
                        await asyncio.sleep(_POLL_S)
            except ApiError as error:
                if error.status.code not in (_NOT_FOUND, _CONFLICT):
                    raise
        return was_there


@asynccontextmanager
async def open_api(kubeconfig: Path, context: str, run_id: str) -> AsyncIterator[ClusterApi]:
    """The API that `context` of `kubeconfig` names. Raises ClusterError."""
    import httpx2  # noqa: PLC0415  see above
    from lightkube import AsyncClient  # noqa: PLC0415  see above
    from lightkube.core.exceptions import ConfigError  # noqa: PLC0415  see above

    try:
        config = _read(kubeconfig).get(context)
    except (ConfigError, KeyError) as error:
        raise ClusterError(f"{kubeconfig}: context {context}: {error}") from error
    # From here on nothing is taken from the environment: neither a proxy nor another context.
    client = AsyncClient(config, timeout=httpx2.Timeout(_TIMEOUT_S), trust_env=False)
    try:
        yield ClusterApi(client, run_id)
    finally:
        await client.close()


def contexts_of(kubeconfig: Path) -> tuple[str, ...]:
    """The kube-contexts that a file has. Raises ClusterError."""
    return tuple(_read(kubeconfig).contexts)


def _read(kubeconfig: Path) -> "KubeConfig":
    """Lightkube takes whatever YAML there is. Raises ClusterError."""
    from lightkube import KubeConfig  # noqa: PLC0415  see above
    from lightkube.core.exceptions import ConfigError  # noqa: PLC0415  see above

    try:
        return KubeConfig.from_file(kubeconfig)
    except OSError as error:
        raise ClusterError(f"{kubeconfig}: {error.strerror}") from error
    except ConfigError as error:
        raise ClusterError(f"{kubeconfig}: {error}") from error
    except Exception as error:  # of the YAML reader, or of words that are not there
        raise ClusterError(f"{kubeconfig}: is no kubeconfig") from error


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Tell what the API refuses inside the block as a ClusterError."""
    import httpx2  # noqa: PLC0415  see above
    from lightkube.core.exceptions import ApiError  # noqa: PLC0415  see above

    try:
        yield
    except ApiError as error:
        message = error.status.message
        raise ClusterError(f"{what}: the Kubernetes API answered: {message}") from error
    except (httpx2.HTTPError, TimeoutError) as error:
        reason = str(error) or type(error).__name__
        raise ClusterError(f"{what}: the Kubernetes API cannot be reached: {reason}") from error
