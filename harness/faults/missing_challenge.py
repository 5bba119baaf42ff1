"""missing_challenge: 401 without saying how to log in."""

from harness.faults._fault import GatewayFault
from harness.oci.errors import ErrorCode, error_body
from harness.seams import Injection, RequestKind, Respond, Seams


class MissingChallenge(GatewayFault):
    """Requests are answered with 401 and no `WWW-Authenticate`, so that no client can log in.

    Proxies and firewalls in front of a registry drop the header, or answer 401 by themselves. A
    node learns neither the token service nor the scheme, sends no credentials, and does not try
    again within the attempt.
    Seen as: `unexpected status from HEAD request to U: 401 Unauthorized`.
    """

    area = "authentication"
    example = "{share: 100%}"
    request_kinds = (RequestKind.PING, RequestKind.MANIFEST, RequestKind.BLOB, RequestKind.UPLOAD)

    def inject(self, seams: Seams) -> Injection:
        answer = Respond(
            status=401,
            headers=(("Content-Type", "application/json"),),
            body=error_body(ErrorCode.UNAUTHORIZED).decode(),
        )
        return seams.gateway.rule(answer, kinds=self.request_kinds, share=self.share)
