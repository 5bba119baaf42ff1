"""The run's images in a registry that is not ours: pushed before, and taken away at the end."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

from harness.oci.challenge import pull_scope
from harness.oci.images import BuiltImage
from harness.oci.sink import blob_path
from harness.process.child import ChildError
from harness.process.journal import Journal
from harness.registry_client.ask_error import AskError, Failure
from harness.registry_client.client import RegistryClient, path_of

UNDO: Final = "remove_pushed_tag"
_FOUND, _CREATED, _ACCEPTED, _MISSING = 200, 201, 202, 404
_GONE: Final = (_ACCEPTED, 200, 204, _MISSING)
_TAG_STAYS: Final = (400, 405, 501)  # registries that delete manifests by digest only


@dataclass(kw_only=True)
class UpstreamImages:
    """Pushes images as `client`, whose content lies below `root`.

    `suffix` makes tags the run's own, so that no tag of anybody else's is moved; empty for a
    registry that is the run's alone. With it each tag is journalled, and removed by `remove`.
    """

    client: RegistryClient
    url: str
    root: Path
    journal: Journal
    suffix: str = ""
    login_from: tuple[str, str] | None = None
    _pushed: list[tuple[str, str, str, str]] = field(default_factory=list)

    async def push(self, image: BuiltImage, repository: str, tag: str) -> str:
        """Push `image`; the tag that it has there. Raises ChildError."""
        upstream_tag = f"{tag}{self.suffix}"
        try:
            await self._push(image, repository, upstream_tag)
        except AskError as error:
            raise ChildError(
                f"image {repository}: cannot be pushed to {self.url}: {error}"
            ) from None
        return upstream_tag

    async def _push(self, image: BuiltImage, repository: str, tag: str) -> None:
        for digest in dict.fromkeys(image.blob_digests):
            await self._push_blob(repository, digest)
        new = await self._is_new(repository, image.digest)
        if self.suffix:
            undo = {
                "kind": UNDO,
                "url": self.url,
                "repository": repository,
                "tag": tag,
                "digest": image.digest if new else "",
                "login_from": self.login_from,
            }
            record = self.journal.record(undo)
            self._pushed.append((record, repository, tag, image.digest if new else ""))
        top_last = [*image.manifests[1:], image.top]
        for manifest in top_last:
            reference = tag if manifest.digest == image.digest else manifest.digest
            answer = await self.client.ask(
                "PUT",
                path_of("manifests", repository, reference),
                pull_scope(repository, "pull,push"),
                headers={"content-type": manifest.media_type},
                content=blob_path(self.root, manifest.digest),
            )
            _require(answer.status, _CREATED, f"manifest {reference}")

    async def _is_new(self, repository: str, digest: str) -> bool:
        """Whether nobody has the manifest yet: only then may it be deleted by its digest."""
        path, scope = path_of("manifests", repository, digest), pull_scope(repository, "pull,push")
        answer = await self.client.ask("HEAD", path, scope)
        return answer.status == _MISSING

    async def _push_blob(self, repository: str, digest: str) -> None:
        scope = pull_scope(repository, "pull,push")
        known = await self.client.ask("HEAD", path_of("blobs", repository, digest), scope)
        if known.status == _FOUND:
            return
        begin = f"{path_of('blobs', repository)}/uploads/"
        begun = await self.client.ask("POST", begin, scope)
        _require(begun.status, _ACCEPTED, f"an upload to {repository}")
        place = begun.headers.get("location", "")
        if not place:
            raise AskError(Failure.MALFORMED, f"POST {begin}: 202 without a Location")
        joint = "&" if "?" in place else "?"
        ended = await self.client.ask(
            "PUT",
            f"{place}{joint}digest={quote(digest, safe='')}",
            scope,
            headers={"content-type": "application/octet-stream"},
            content=blob_path(self.root, digest),
        )
        _require(ended.status, _CREATED, f"blob {digest}")

    async def remove(self) -> None:
        """Take away every tag that was pushed; one that stays keeps its journal record."""
        while self._pushed:
            record, repository, tag, digest = self._pushed.pop()
            try:
                await remove_tag(self.client, repository, tag, digest)
            except AskError:
                continue  # `harness recover` tells it, and tries again
            self.journal.done(record)


async def remove_tag(client: RegistryClient, repository: str, tag: str, digest: str) -> None:
    """Delete `tag`, or `digest` (unless empty) where tags cannot be. Raises AskError."""
    scope = pull_scope(repository, "delete,pull,push")
    answer = await client.ask("DELETE", path_of("manifests", repository, tag), scope)
    if answer.status in _TAG_STAYS and digest:
        answer = await client.ask("DELETE", path_of("manifests", repository, digest), scope)
    if answer.status not in _GONE:
        said = f"tag {tag} of {repository}: its deletion was answered {answer.status}"
        raise AskError(Failure.UNREADABLE, said)


def _require(status: int, wanted: int, what: str) -> None:
    if status != wanted:
        raise AskError(Failure.UNREADABLE, f"{what}: was answered {status}, not {wanted}")
