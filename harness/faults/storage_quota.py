"""storage_quota: the registry has no room for what is pushed."""

from typing import Literal, Self

from pydantic import Field

from harness.faults._answers import respond_as
from harness.faults._fault import REPOSITORIES_WHERE, GatewayFault
from harness.oci.errors import ErrorCode, error_body
from harness.registry.profile import ProfileName
from harness.registry.profiles import PROFILES
from harness.seams import Injection, RequestKind, Respond, Seams

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

# What the words of a profile fill in: the numbers of the same text.
_NUMBERS = {
    "adding": "29.0 MiB",
    "used": "152.4 MiB",
    "limit": "10.0 MiB",
    "adding_bytes": 30_408_704,
    "used_bytes": 159_803_000,
    "limit_bytes": 10_485_760,
}


class StorageQuota(GatewayFault):
    """The registry has no space for pushes; pulls are not affected.

    Uploads are answered with `status`: 403 as for Harbor's project quota, 500 as for a full disk
    behind most registries, 507 as from those that report it. Without `status` the response is that
    of `style`, a profile of registries, by default the environment's own.
    Seen as: failed pushes; nodes see nothing until what was not pushed is deployed.
    """

    area = "quota"
    example = "{status: 403}"
    where_keys = REPOSITORIES_WHERE
    request_kinds = (RequestKind.UPLOAD,)

    status: Literal[403, 500, 507] | None = Field(None, description="how uploads are answered")
    style: ProfileName | None = Field(
        None, description="wording of this profile; by default the registry's own"
    )

    def in_words_of(self, profile: ProfileName) -> Self:
        return self if self.style else self.model_copy(update={"style": profile})

    def inject(self, seams: Seams) -> Injection:
        if self.status is None and self.style not in (None, "generic"):
            answer = respond_as(PROFILES[self.style].storage_full, _NUMBERS)
        else:
            status = self.status or 403
            code, message = _ANSWERS[status]
            answer = Respond(
                status=status,
                headers=(("Content-Type", "application/json"),),
                body=error_body(code, message).decode(),
            )
        return seams.gateway.rule(answer, kinds=(RequestKind.UPLOAD,), share=self.share)
