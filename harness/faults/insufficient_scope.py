"""insufficient_scope: the token that a node gets does not allow what it asks for."""

from harness.faults._fault import GatewayFault
from harness.seams import Injection, RefuseToken, RequestKind, Seams


class InsufficientScope(GatewayFault):
    """A node's token does not allow the request, although its secret is correct.

    A token service gives a narrower token to clients without all the permissions they request,
    never an error; the registry then answers a request with that token with 401 and
    `error="insufficient_scope"`. A node does not fetch another token: the attempt fails with the
    second 401.
    Seen as: `pull access denied, repository does not exist or may require authorization: server
    message: insufficient_scope: authorization failed`.
    """

    area = "authentication"
    login_needed = "tokens"
    example = "{share: 100%}"
    request_kinds = (RequestKind.MANIFEST, RequestKind.BLOB)

    def inject(self, seams: Seams) -> Injection:
        return seams.gateway.rule(
            RefuseToken(error="insufficient_scope"),
            kinds=self.request_kinds,
            share=self.share,
            authenticated=True,
        )
