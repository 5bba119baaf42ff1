"""What tags, manifests and blobs of one repository turn out to be."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from harness.audit.documents import (
    DocumentError,
    ManifestDocument,
    read_document,
    read_platform,
)
from harness.audit.findings import Check
from harness.audit.ledger import Ledger
from harness.audit.listing import referrers
from harness.oci.challenge import pull_scope
from harness.oci.digest import digest_of, is_digest
from harness.registry_client.ask_error import AskError
from harness.registry_client.client import (
    MANIFEST_BYTES,
    RegistryClient,
    RegistryResponse,
    path_of,
)

_OK, _NOT_FOUND = 200, 404


class Contents:
    """Reads one repository's content and notes what is wrong with it.

    `quick`: blobs are asked for by HEAD and not read. `with_platforms`: configs are read for them.
    """

    def __init__(
        self,
        client: RegistryClient,
        ledger: Ledger,
        repository: str,
        *,
        quick: bool,
        with_platforms: bool,
    ) -> None:
        self._client = client
        self._ledger = ledger
        self._repository = repository
        self._scope = pull_scope(repository)
        self._quick = quick
        self._with_platforms = with_platforms

    async def tag(self, tag: str) -> None:
        """Ask where a listed tag leads, and want that manifest."""
        with self.noting(tag):
            await self._lead(tag)
        self._ledger.asked(self._repository, tag)

    async def _lead(self, tag: str) -> None:
        path = path_of("manifests", self._repository, tag)
        answer = await self._client.ask("HEAD", path, self._scope)
        if answer.status == _NOT_FOUND:
            self._add(Check.MISSING, tag, "is listed, but leads nowhere")
            return
        if answer.status != _OK:
            self._add(Check.UNREADABLE, tag, f"HEAD: {answer.status}")
            return
        digest = answer.headers.get("docker-content-digest", "")
        if not digest:  # a MAY of the specification before 1.1
            got = await self._small(path)
            digest = digest_of(got.body) if got.status == _OK else ""
        if not is_digest(digest):
            self._add(Check.MALFORMED, tag, f"Docker-Content-Digest is {digest[:100]!r}")
            return
        self._ledger.set_tag(self._repository, tag, digest)
        size = -1 if answer.length_bytes is None else answer.length_bytes
        self._ledger.want_manifest(self._repository, digest, size, tag)

    async def manifest(self, digest: str, size: int, named_by: str) -> None:
        """Read a manifest and want what it names; `size` -1: nobody has said it."""
        length, document = max(size, 0), None
        with self.noting(digest):
            answer = await self._small(path_of("manifests", self._repository, digest))
            if answer.status != _OK:
                self._absent(digest, named_by, answer.status)
            else:
                length = len(answer.body)
                document = self._document(answer.body, digest, size, named_by)
        with self.noting(digest):
            if document and document.subject and not await self.is_there(document.subject):
                said = f"refers to {document.subject}, which is not there"
                self._add(Check.ORPHANED, digest, said)
            if document and not self._quick:
                await self._referrers(digest)
        self._ledger.read(self._repository, digest, length, document)

    def _document(
        self, content: bytes, digest: str, size: int, named_by: str
    ) -> ManifestDocument | None:
        """The manifest in `content`; what is wrong with it is a finding."""
        if digest_of(content, digest.partition(":")[0]) != digest:
            self._add(Check.DIGEST, digest, _other(named_by))
            return None
        if size not in (-1, len(content)):
            self._add(Check.SIZE, digest, f"has {len(content)} bytes, {named_by} says {size}")
        try:
            return read_document(content)
        except DocumentError as error:
            self._add(Check.MALFORMED, digest, f"manifest {error}")
            return None

    async def _small(self, path: str) -> RegistryResponse:
        return await self._client.ask("GET", path, self._scope, limit_bytes=MANIFEST_BYTES)

    async def _referrers(self, digest: str) -> None:
        """Want what refers to a manifest; a registry without such lists is asked once."""
        if self._ledger.without_referrers:
            return
        path = path_of("referrers", self._repository, digest)
        try:
            async for parts in referrers(self._client, path, self._scope):
                for part in parts:
                    self._ledger.want_manifest(
                        self._repository, part.digest, part.size_bytes, digest
                    )
        except LookupError:
            self._ledger.without_referrers = True

    async def blob(self, digest: str, size: int, named_by: str, is_config: int) -> None:
        """Read or ask for a blob whose length a manifest says."""
        path, scope = path_of("blobs", self._repository, digest), self._scope
        with self.noting(digest):
            if is_config and self._with_platforms:
                await self._config(digest, named_by)
            elif self._quick or not self._ledger.claim(digest):
                answer = await self._client.ask("HEAD", path, scope)
                if answer.status != _OK:
                    self._absent(digest, named_by, answer.status)
                elif answer.length_bytes not in (None, size):
                    said = f"has {answer.length_bytes} bytes, {named_by} says {size}"
                    self._add(Check.SIZE, digest, said)
            else:
                got = await self._client.blob(path, scope, digest.partition(":")[0], size)
                if got.status != _OK:
                    self._absent(digest, named_by, got.status)
                elif got.size_bytes != size:
                    longer = "more than" if got.size_bytes > size else "only"
                    said = f"has {longer} {min(size, got.size_bytes)} bytes, {named_by} says {size}"
                    self._add(Check.SIZE, digest, said)
                elif got.digest != digest:
                    self._add(Check.DIGEST, digest, _other(named_by))
        self._ledger.checked(self._repository, digest)

    async def _config(self, digest: str, named_by: str) -> None:
        path = path_of("blobs", self._repository, digest)
        answer = await self._small(path)
        if answer.status != _OK:
            self._absent(digest, named_by, answer.status)
        elif digest_of(answer.body, digest.partition(":")[0]) != digest:
            self._add(Check.DIGEST, digest, _other(named_by))
        else:
            with suppress(DocumentError):  # then it names no platform, and that is found
                self._ledger.set_platform(self._repository, digest, read_platform(answer.body))

    async def is_there(self, digest: str) -> bool:
        """Whether the repository has this manifest, named or not. Raises AskError."""
        if self._ledger.has_manifest(self._repository, digest):
            return True
        path = path_of("manifests", self._repository, digest)
        return (await self._client.ask("HEAD", path, self._scope)).status == _OK

    @contextmanager
    def noting(self, subject: str) -> Iterator[None]:
        """Make what cannot be read within the block a finding about `subject`."""
        try:
            yield
        except AskError as error:
            self._ledger.add_failure(error, self._repository, subject)

    def _absent(self, digest: str, named_by: str, status: int) -> None:
        if status == _NOT_FOUND:
            said = f"is not there, {named_by} names it" if named_by else "is not there"
            self._add(Check.MISSING, digest, said)
        else:
            self._add(Check.UNREADABLE, digest, f"GET: {status}")

    def _add(self, check: Check, subject: str, text: str) -> None:
        self._ledger.add(check, self._repository, subject, text)


def _other(named_by: str) -> str:
    return f"has other content than its name says; {named_by} names it"
