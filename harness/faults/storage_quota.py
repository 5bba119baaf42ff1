"""storage_quota: the registry has no room for what is pushed."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar, Literal

from pydantic import Field

from harness.chance import Chance
from harness.faults._fault import Fault, WhereKey
from harness.oci.errors import ErrorCode, error_body
from harness.seams import RequestKind, Respond, Seam, Seams
from harness.units import ChosenShare

_HARBOR = (
    "Quota exceeded when processing the request of adding 29.0 MiB of storage resource, "
    "which when updated to current usage of 152.4 MiB will exceed the configured upper limit "
    "of 10.0 MiB."
)
# 403: Harbor, src/controller/quota; 500 and 507: what registries on a full disk answer
_ANSWERS = {
    403: (
        ErrorCode.DENIED,
        _HARBOR,
    ),
    500: (ErrorCode.UNKNOWN, "unknown error"),
    507: (ErrorCode.UNKNOWN, "insufficient storage"),
}


class StorageQuota(Fault):
    """The registry has no room for what is pushed; pulls go on.

    Uploads are answered with `status`: 403 as Harbor's project quota, 500 as a full disk behind
    most registries, 507 as those that tell.
    Seen as: failed pushes; nodes see nothing until what was not pushed is deployed.
    """

    area: ClassVar[str] = "quota"
    example: ClassVar[str] = "{status: 403}"
    where_keys: ClassVar[frozenset[WhereKey]] = frozenset({"repository", "nodes"})
    request_kinds: ClassVar[tuple[RequestKind, ...]] = (RequestKind.UPLOAD,)

    status: Literal[403, 500, 507] = Field(403, description="how uploads are answered")
    share: ChosenShare = 1.0

    def seams_needed(self) -> frozenset[Seam]:
        return frozenset({Seam.GATEWAY})

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the gateway is scoped with it
        code, message = _ANSWERS[self.status]
        answer = Respond(
            status=self.status,
            headers=(("Content-Type", "application/json"),),
            body=error_body(code, message).decode(),
        )
        return seams.gateway.rule(answer, kinds=(RequestKind.UPLOAD,), share=self.share)
