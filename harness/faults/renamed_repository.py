"""renamed_repository: repositories have another name now."""

from pydantic import Field, field_validator

from harness.faults._fault import StoreFault
from harness.oci.reference import is_repository
from harness.seams import Injection, RequestKind, Seams


class RenamedRepository(StoreFault):
    """Repositories have been renamed, and clients still use the old name.

    All content of a repository is available only under its name plus `suffix`. Content pushed
    under the old name meanwhile is kept when the fault is removed.
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

    def inject(self, seams: Seams) -> Injection:
        return seams.store.renamed(suffix=self.suffix)
