"""pull_rate_limit: the registry answers 429 to those who pull too much."""

from contextlib import AbstractAsyncContextManager
from typing import ClassVar, Literal

from pydantic import Field, StrictInt

from harness.chance import Chance
from harness.faults._fault import Fault, WhereKey
from harness.seams import RateLimit, RequestKind, Seam, Seams
from harness.units import ChosenShare, PositiveSeconds, Seconds


class PullRateLimit(Fault):
    """The registry answers 429 to those who pull too much.

    In each `window`, `limit` requests for manifests pass (0: none). `style: docker_hub` counts as
    it does, GET and not HEAD, and sends its ratelimit headers; the other counts both.
    A node repeats a 429 at once, five requests in 10 ms, and does not read Retry-After.
    Seen as: `unexpected status from GET request to U: 429 Too Many Requests` and, on a second
    line, `toomanyrequests: ...`.
    """

    area: ClassVar[str] = "quota"
    example: ClassVar[str] = "{limit: 10, window: 60s, retry_after: 30s, style: docker_hub}"
    where_keys: ClassVar[frozenset[WhereKey]] = frozenset({"repository", "nodes"})
    request_kinds: ClassVar[tuple[RequestKind, ...]] = (RequestKind.MANIFEST,)

    limit: StrictInt = Field(0, ge=0, description="requests that pass in each window")
    window_s: PositiveSeconds = Field(60.0, alias="window", description="what the limit is for")
    retry_after_s: Seconds | None = Field(
        None, alias="retry_after", description="the Retry-After header; left out when not given"
    )
    style: Literal["plain", "docker_hub"] = Field("plain", description="counting and headers")
    share: ChosenShare = 1.0

    def seams_needed(self) -> frozenset[Seam]:
        return frozenset({Seam.GATEWAY})

    def inject(self, seams: Seams, chance: Chance) -> AbstractAsyncContextManager[None]:
        del chance  # the gateway is scoped with it
        hub = self.style == "docker_hub"
        limit = RateLimit(
            limit=self.limit,
            window_s=self.window_s,
            retry_after_s=None if self.retry_after_s is None else round(self.retry_after_s),
            headers="docker_hub" if hub else "none",
        )
        return seams.gateway.rule(
            limit,
            kinds=(RequestKind.MANIFEST,),
            methods=("GET",) if hub else ("GET", "HEAD"),
            share=self.share,
        )
