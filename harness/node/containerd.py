"""One pull as containerd does it: resolve, fetch, verify, unpack.

The request sequence is that of a kind node with containerd 2.4.2, which pulls inside the CRI
service ("local pull").
"""

from collections.abc import Generator, Sequence

from harness.node.authorizer import Authorizer
from harness.node.causes import classify
from harness.node.commands import (
    AttemptFailed,
    Command,
    Credentials,
    Pause,
    PauseReason,
    PullResult,
    Together,
)
from harness.node.endpoint import Endpoint
from harness.node.fetcher import Fetcher
from harness.node.image_store import ContentStore, Lease
from harness.node.manifest_choice import (
    Descriptor,
    ImageManifest,
    choose_platform,
    read_manifest,
)
from harness.node.resolve import resolve
from harness.node.settings import NodeSettings
from harness.node.texts import rpc_error
from harness.oci.challenge import pull_scope
from harness.oci.media_types import INDEXES, MANIFESTS
from harness.oci.reference import parse_reference
from harness.recording.outcome import Outcome


def pull(
    image: str,
    *,
    registry_url: str,
    credentials: Credentials | None,
    content: ContentStore,
    settings: NodeSettings,
    mirrors: Sequence[str] = (),
) -> Generator[Command, object, PullResult]:
    """Pull `image` (as written in the pod) from `registry_url`; returns a PullResult.

    `registry_url` is what `server` of a hosts.toml names, `mirrors` are the URLs of its `host`
    tables, which are asked first. A pull that fails, or that its driver closes, leaves nothing in
    `content`. Raises InvalidReferenceError for a name that is none.
    """
    name = parse_reference(image)
    endpoints = [
        Endpoint(
            registry_url=url,
            name=name,
            progress_timeout_s=settings.image_pull_progress_timeout_s,
            is_last=after == 0,
        )
        for after, url in zip(range(len(mirrors), -1, -1), (*mirrors, registry_url), strict=True)
    ]
    scope = pull_scope(name.repository)
    resolver = Authorizer(client="resolver", credentials=credentials, scope=scope)
    fetcher = Fetcher(
        endpoints=endpoints,
        authorizer=Authorizer(client="fetcher", credentials=credentials, scope=scope),
        lease=Lease(content),
    )
    kept = False
    try:
        digest, image_bytes, cached = yield from _pull(endpoints, resolver, fetcher, settings)
        kept = True
        content.tag(str(name), fetcher.lease, digest)
    except AttemptFailed as failure:
        text = f'failed to pull and unpack image "{name}": {failure.text}'
        return PullResult(
            outcome=Outcome.FAILED,
            cause=classify(text),
            error_text=rpc_error(failure.code, text),
            blob_bytes=fetcher.blob_bytes,
        )
    finally:
        if not kept:
            fetcher.lease.drop()
    return PullResult(
        outcome=Outcome.OK,
        blob_bytes=fetcher.blob_bytes,
        image_bytes=image_bytes,
        cached=cached,
        digest=digest,
    )


def _pull(
    endpoints: Sequence[Endpoint],
    resolver: Authorizer,
    fetcher: Fetcher,
    settings: NodeSettings,
) -> Generator[Command, object, tuple[str, int, bool]]:
    """Returns the image's digest, its size in bytes and whether the node held all of it before."""
    try:
        top = yield from resolve(endpoints, resolver)
    except AttemptFailed as failure:
        raise AttemptFailed(
            f'failed to resolve reference "{endpoints[0].name}": {failure.text}', failure.code
        ) from failure
    manifest, image_bytes, fetched = yield from _documents(fetcher, top)
    layers_fetched: list[Descriptor] = []
    missing = [layer for layer in manifest.layers if layer.digest not in fetcher.lease.content]
    for layer in manifest.layers:
        if layer not in missing:
            yield from fetcher.fetch(layer)
    if missing:
        fresh = yield Together(
            parts=tuple(fetcher.fetch(layer) for layer in missing),
            limit=settings.max_concurrent_downloads,
        )
        assert isinstance(fresh, list)
        layers_fetched = [layer for layer, new in zip(missing, fresh, strict=True) if new]
    unpack_bytes = sum(layer.size_bytes for layer in layers_fetched)
    if settings.unpack_bytes_per_s > 0 and unpack_bytes:
        # containerd unpacks one layer after another (max_concurrent_unpacks 1) and starts before
        # the last has arrived; here the whole of it follows the download.
        yield Pause(seconds=unpack_bytes / settings.unpack_bytes_per_s, why=PauseReason.UNPACK)
    image_bytes += sum(layer.size_bytes for layer in manifest.layers)
    return top.digest, image_bytes, not fetched and not layers_fetched


def _documents(
    fetcher: Fetcher, top: Descriptor
) -> Generator[Command, object, tuple[ImageManifest, int, bool]]:
    """Index, manifest and config, one after another.

    Returns the manifest, the bytes of the documents, and whether any was downloaded. No layer is
    requested before the config has arrived (seen on a real node).
    """
    content = fetcher.lease.content
    if top.media_type not in MANIFESTS | INDEXES:
        yield from fetcher.fetch(top, keep_document=True)
        raise AttemptFailed(
            f"unexpected media type {top.media_type} for {top.digest}: not found", code="NotFound"
        )
    fetched = yield from fetcher.fetch(top, keep_document=True)
    size_bytes = top.size_bytes
    digest = top.digest
    if top.media_type in INDEXES:
        chosen = choose_platform(digest, content.manifest(digest))
        fetched |= yield from fetcher.fetch(chosen, keep_document=True)
        size_bytes += chosen.size_bytes
        digest = chosen.digest
    manifest = read_manifest(digest, content.manifest(digest))
    fetched |= yield from fetcher.fetch(manifest.config, keep_document=True)
    return manifest, size_bytes + manifest.config.size_bytes, fetched
