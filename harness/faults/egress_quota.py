"""egress_quota: the registry has given out as many bytes as it may."""

from typing import Literal, Self

from pydantic import Field, model_validator

from harness.faults._fault import REPOSITORIES_WHERE, Fault
from harness.seams import EgressQuota as Quota
from harness.seams import Injection, RequestKind, Seam, Seams
from harness.units import ByteCount, BytesPerSecond, PositiveSeconds


class EgressQuota(Fault):
    """The registry has used up its egress quota, and refuses or slows down.

    In each `window`, `limit` bytes of blobs are served, in total to everything in scope. After
    that, requests for blobs are answered with `status`; transfers in progress still complete. With
    `rate` nothing is refused, but each blob is sent at that speed, including transfers in
    progress.
    Seen as: `unexpected status from GET request to U: 429 Too Many Requests` or `403 Forbidden`
    after manifest and config, with `egress quota exceeded` on a second line; or slower pulls.
    """

    area = "quota"
    seam = Seam.GATEWAY
    example = "{limit: 1MB, window: 60s, status: 429}"
    where_keys = REPOSITORIES_WHERE
    request_kinds = (RequestKind.BLOB,)

    limit_bytes: ByteCount = Field(alias="limit", description="served in each window")
    window_s: PositiveSeconds = Field(60.0, alias="window", description="what the limit is for")
    status: Literal[403, 429] = Field(429, description="how blobs are answered then")
    bytes_per_s: BytesPerSecond | None = Field(
        None, alias="rate", description="of each blob then, instead of refusing it"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.bytes_per_s is not None and "status" in self.model_fields_set:
            raise ValueError("status and rate exclude each other: blobs are refused, or slow")
        return self

    def inject(self, seams: Seams) -> Injection:
        quota = Quota(
            limit_bytes=self.limit_bytes,
            window_s=self.window_s,
            status=self.status,
            bytes_per_s=self.bytes_per_s,
        )
        return seams.gateway.rule(quota, kinds=self.request_kinds, methods=("GET",))
