"""renamed_repository: repositories have another name now."""

from contextlib import AbstractAsyncContextManager

from pydantic import Field, field_validator

from harness.faults._fault import StoreFault
from harness.oci.reference import is_repository
from harness.seams import RequestKind, Seams


class RenamedRepository(StoreFault):
    """Repositories have another name now, and nobody told those who pull.

    All that a repository has is found under its name and `suffix` meanwhile. What is pushed under
    the old name in that time is kept when it heals.
    Seen as: `failed to resolve reference "R": R: not found`, as for a tag that is missing: the
    registry's NAME_UNKNOWN does not reach a node, whose HEAD has no body.
    """

    area = "repositories"
    example = "{suffix: -v2}"
    where_keys = frozenset({"repository"})
    request_kinds = (RequestKind.MANIFEST, RequestKind.BLOB)

    suffix: str = Field(
        "-renamed", max_length=50, description="what is added to the name, as -v2 or /app"
    )

    @field_validator("suffix")
    @classmethod
    def _fits_a_name(cls, suffix: str) -> str:
        if not is_repository(f"a{suffix}") or not suffix:
            raise ValueError("must make a repository name when added to one, as -v2 or /app")
        return suffix

    def inject(self, seams: Seams) -> AbstractAsyncContextManager[None]:
        return seams.store.renamed(suffix=self.suffix)
