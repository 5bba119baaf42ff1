"""over_eager_cleanup: retention deletes what is still needed."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar, Literal

from pydantic import Field, StrictInt

from harness.chance import Chance
from harness.faults._fault import Fault, WhereKey
from harness.seams import RequestKind, Seam, Seams


class OverEagerCleanup(Fault):
    """Retention deletes what is still needed: old versions, for a rollback or a late node.

    Of each repository in scope all but the latest `keep` versions lose their tags; `deletes:
    manifests` takes the manifests too, `deletes: blobs` also collects the layers that no other
    manifest needs. Latest is the highest version, as a rule by date of push has it.
    Seen as: `failed to resolve reference "R": R: not found`; by digest `content at U not found: not
    found`, once the manifests are gone. Pods that have the image already run on.
    """

    area: ClassVar[str] = "repositories"
    seam: ClassVar[Seam] = Seam.STORE
    example: ClassVar[str] = "{keep: 1, deletes: blobs}"
    where_keys: ClassVar[frozenset[WhereKey]] = frozenset({"repository"})
    request_kinds: ClassVar[tuple[RequestKind, ...]] = (RequestKind.MANIFEST, RequestKind.BLOB)

    keep: StrictInt = Field(1, ge=1, le=1000, description="versions of each repository that stay")
    deletes: Literal["tags", "manifests", "blobs"] = Field(
        "blobs", description="how deep it goes: each takes what is before it too"
    )

    def versions_needed(self) -> int:
        return self.keep + 1

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the seams are scoped with it
        return seams.store.cleaned(keep=self.keep, of=self.deletes)
