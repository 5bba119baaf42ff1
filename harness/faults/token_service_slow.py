"""token_service_slow: tokens come late; what they are for would not."""

from pydantic import Field

from harness.faults._fault import REPOSITORIES_WHERE, GatewayFault
from harness.seams import Delay, Injection, RequestKind, Seams
from harness.units import PositiveSeconds


class TokenServiceSlow(GatewayFault):
    """The token service is slow; the registry itself is not.

    Each token is delayed by `delay`. A pull fetches two, one for the tag and one for the content,
    so it takes twice `delay` longer.
    Seen as: slower pulls, also of images that are there but are asked for (policy Always); from
    30 s on `rpc error: code = DeadlineExceeded desc = ... Post "U": net/http: timeout awaiting
    response headers`.
    """

    area = "authentication"
    login_needed = "tokens"
    example = "{delay: 500ms}"
    where_keys = REPOSITORIES_WHERE
    request_kinds = (RequestKind.TOKEN,)

    delay_s: PositiveSeconds = Field(alias="delay", description="how late each token comes")

    def inject(self, seams: Seams) -> Injection:
        return seams.gateway.rule(
            Delay(first_byte_s=self.delay_s), kinds=(RequestKind.TOKEN,), share=self.share
        )
