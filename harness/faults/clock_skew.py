"""clock_skew: registry and token service disagree about the time."""

from typing import Literal

from pydantic import Field

from harness.faults._answers import CHALLENGED
from harness.faults._fault import GatewayFault
from harness.seams import Injection, Seams, SkewClock
from harness.units import PositiveSeconds, Seconds


class ClockSkew(GatewayFault):
    """Registry and token service disagree about the time, so valid tokens are refused.

    The registry checks tokens (JWT) with a clock that is `by` ahead of the issuer's (`registry:
    ahead`: tokens have expired on arrival, if `by` is longer than their lifetime) or behind it
    (`registry: behind`: tokens are not valid yet). `leeway` is the difference that the registry
    tolerates; distribution tolerates 60 s. A new token is refused like the first one.
    Seen as: `pull access denied, repository does not exist or may require authorization: server
    message: invalid_token: authorization failed`.
    """

    area = "authentication"
    login_needed = "tokens"
    example = "{registry: behind, by: 10m}"
    request_kinds = CHALLENGED

    by_s: PositiveSeconds = Field(alias="by", description="the difference of the clocks")
    registry: Literal["ahead", "behind"] = Field(
        "behind", description="whether the registry's clock is ahead or behind"
    )
    # distribution: registry/auth/token/token.go, Leeway
    leeway_s: Seconds = Field(
        60.0, alias="leeway", description="the difference that the registry tolerates"
    )

    def inject(self, seams: Seams) -> Injection:
        ahead_s = self.by_s if self.registry == "ahead" else -self.by_s
        return seams.gateway.rule(
            SkewClock(ahead_s=ahead_s, leeway_s=self.leeway_s),
            kinds=self.request_kinds,
            share=self.share,
            authenticated=True,
        )
