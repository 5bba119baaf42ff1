"""insufficient_scope: the token that a node gets does not allow what it asks for."""

from contextlib import AbstractAsyncContextManager

from harness.faults._fault import GatewayFault
from harness.seams import RefuseToken, RequestKind, Seams


class InsufficientScope(GatewayFault):
    """The token that a node gets does not allow what it asks for, although its secret is right.

    A token service gives a narrower token to those who may not have all that they ask for, never
    an error; the registry then answers 401 with `error="insufficient_scope"` to a request that
    carries one. A node fetches no other: the attempt fails with the second 401.
    Seen as: `pull access denied, repository does not exist or may require authorization: server
    message: insufficient_scope: authorization failed`.
    """

    area = "authentication"
    example = "{share: 100%}"
    request_kinds = (RequestKind.MANIFEST, RequestKind.BLOB)

    def inject(self, seams: Seams) -> AbstractAsyncContextManager[None]:
        return seams.gateway.rule(
            RefuseToken(error="insufficient_scope"),
            kinds=self.request_kinds,
            share=self.share,
            authenticated=True,
        )
