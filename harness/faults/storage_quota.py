"""storage_quota: the registry has no room for what is pushed."""

from typing import Literal, Self

from pydantic import Field, model_validator

from harness.faults._answers import OwnBody, respond_as, with_body
from harness.faults._fault import REPOSITORIES_WHERE, GatewayFault
from harness.oci.errors import ErrorCode, error_body
from harness.registry.profile import ProfileName
from harness.registry.profiles import PROFILES
from harness.seams import Hang, Injection, RequestKind, Respond, Seams

_HARBOR = (
    "Quota exceeded when processing the request of adding 29.0 MiB of storage resource, "
    "which when updated to current usage of 152.4 MiB will exceed the configured upper limit "
    "of 10.0 MiB."
)
# 403: Harbor, src/controller/quota; 429: hosted registries that count storage with their limits;
# 500 and 507: what registries on a full disk answer
_ANSWERS = {
    403: (
        ErrorCode.DENIED,
        _HARBOR,
    ),
    429: (ErrorCode.TOOMANYREQUESTS, "storage quota exceeded"),
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

    Uploads are answered with `status`: 403 as for Harbor's project quota, 429 as from hosted
    registries that treat it as any other limit, 500 as for a full disk behind most registries, 507
    as from those that report it. Without `status` the response is that of `style`, a profile of
    registries, by default the environment's own. `body` replaces the words of the response. With
    `how: hangs` uploads get no answer, as from a registry that waits for its full disk.
    Seen as: failed pushes; nodes see nothing until what was not pushed is deployed.
    """

    area = "quota"
    example = "{status: 403}"
    where_keys = REPOSITORIES_WHERE
    request_kinds = (RequestKind.UPLOAD,)

    status: Literal[403, 429, 500, 507] | None = Field(None, description="how uploads are answered")
    style: ProfileName | None = Field(
        None, description="wording of this profile; by default the registry's own"
    )

    how: Literal["refused", "hangs"] = Field("refused", description="answered, or never an answer")
    body: OwnBody | None = Field(None, description="of the answer, instead of its own")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.how == "hangs" and (self.status is not None or self.body is not None):
            raise ValueError("how: hangs takes no status and no body: there is no answer")
        return self

    def in_words_of(self, profile: ProfileName) -> Self:
        return self if self.style else self.model_copy(update={"style": profile})

    def inject(self, seams: Seams) -> Injection:
        act = Hang() if self.how == "hangs" else with_body(self._answer(), self.body)
        return seams.gateway.rule(act, kinds=(RequestKind.UPLOAD,), share=self.share)

    def _answer(self) -> Respond:
        if self.status is None and self.style not in (None, "generic"):
            return respond_as(PROFILES[self.style].storage_full, _NUMBERS)
        status = self.status or 403
        code, message = _ANSWERS[status]
        return Respond(
            status=status,
            headers=(("Content-Type", "application/json"),),
            body=error_body(code, message).decode(),
        )
