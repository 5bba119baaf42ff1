"""over_eager_cleanup: retention deletes what is still needed."""

from typing import Literal

from pydantic import Field, StrictInt

from harness.faults._fault import StoreFault
from harness.seams import Injection, RequestKind, Seams


class OverEagerCleanup(StoreFault):
    """Retention deletes what is still needed: old versions, for a rollback or a late node.

    In each repository in scope all but the latest `keep` versions lose their tags; `deletes:
    manifests` also deletes the manifests, `deletes: blobs` also the layers that no other manifest
    needs. Latest means the highest version, as in a rule by push date.
    Seen as: `failed to resolve reference "R": R: not found`; by digest `content at U not found: not
    found`, once the manifests are gone. Pods that have the image already run on.
    """

    area = "repositories"
    example = "{keep: 1, deletes: blobs}"
    where_keys = frozenset({"repository"})
    request_kinds = (RequestKind.MANIFEST, RequestKind.BLOB)

    keep: StrictInt = Field(1, ge=1, le=1000, description="versions of each repository that stay")
    deletes: Literal["tags", "manifests", "blobs"] = Field(
        "blobs", description="how deep it goes: each takes what is before it too"
    )

    def versions_needed(self) -> int:
        return self.keep + 1

    def inject(self, seams: Seams) -> Injection:
        return seams.store.cleaned(keep=self.keep, of=self.deletes)
