"""pull_rate_limit: the registry answers 429 to those who pull too much."""

from typing import Self

from pydantic import Field, StrictInt

from harness.faults._fault import REPOSITORIES_WHERE, GatewayFault
from harness.oci.errors import MESSAGES
from harness.registry.profile import ProfileName, rate_values
from harness.registry.profiles import PROFILES
from harness.seams import Injection, RateLimit, RequestKind, Seams
from harness.units import PositiveSeconds, Seconds


class PullRateLimit(GatewayFault):
    """The registry answers 429 to clients that pull too much.

    In each `window`, `limit` requests for manifests pass (0: none). `style` is a profile of
    registries, by default the environment's own; it determines the wording and what counts.
    `docker_hub` counts GET but not HEAD, and sends its ratelimit headers; the others count both. A
    node retries a 429 at once, five requests in 10 ms, and ignores Retry-After.
    Seen as: `unexpected status from GET request to U: 429 Too Many Requests` and, on a second
    line, `toomanyrequests: ...`.
    """

    area = "quota"
    example = "{limit: 10, window: 60s, retry_after: 30s, style: docker_hub}"
    where_keys = REPOSITORIES_WHERE
    request_kinds = (RequestKind.MANIFEST,)

    limit: StrictInt = Field(0, ge=0, description="requests that pass in each window")
    window_s: PositiveSeconds = Field(60.0, alias="window", description="what the limit is for")
    retry_after_s: Seconds | None = Field(
        None, alias="retry_after", description="the Retry-After header; left out when not given"
    )
    style: ProfileName | None = Field(
        None, description="counting, headers and words; the registry's own profile when not given"
    )

    def in_words_of(self, profile: ProfileName) -> Self:
        return self if self.style else self.model_copy(update={"style": profile})

    def inject(self, seams: Seams) -> Injection:
        profile = PROFILES[self.style or "generic"]
        words = profile.pulls_refusal(anonymous=False)
        values = rate_values(self.limit, self.window_s)
        limit = RateLimit(
            limit=self.limit,
            window_s=self.window_s,
            retry_after_s=None if self.retry_after_s is None else round(self.retry_after_s),
            headers=profile.rate_headers,
            message=words.message.format_map(values) or MESSAGES[words.code],
        )
        return seams.gateway.rule(
            limit,
            kinds=(RequestKind.MANIFEST,),
            methods=("GET", "HEAD") if profile.counts_head else ("GET",),
            share=self.share,
        )
